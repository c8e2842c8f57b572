//! What a report says, as rules ask for it.

use serde_json::Value;

use crate::capture::CapturedAnswer;
use crate::report::{Report, ReportedAttempt};

/// A report, and its most telling attempt.
pub(super) struct Facts<'a> {
    pub(super) report: &'a Report,
    pub(super) told: &'a ReportedAttempt,
    /// All that the server says there, in lower case.
    text: String,
}

impl<'a> Facts<'a> {
    /// `None` of a call that sent nothing.
    pub(super) fn new(report: &'a Report) -> Option<Self> {
        let told = report.attempts.get(report.headline?)?;
        let body = told.answer.as_ref().map_or("", |answer| &answer.body);
        let challenge = header(told.answer.as_ref(), "www-authenticate").unwrap_or_default();
        let words = [told.error.as_deref(), told.error_description.as_deref()];
        let words = words.into_iter().flatten().chain([body, challenge]);
        let text = words.collect::<Vec<_>>().join("\n").to_lowercase();
        Some(Self { report, told, text })
    }

    pub(super) fn is_exchange(&self) -> bool {
        self.report.asked == "exchange"
    }

    pub(super) fn is_refresh(&self) -> bool {
        self.report.asked == "refresh"
    }

    /// Zero if no answer came.
    pub(super) fn status(&self) -> u16 {
        self.told.answer.as_ref().map_or(0, |answer| answer.status)
    }

    pub(super) fn code(&self) -> &str {
        self.told.error.as_deref().unwrap_or_default()
    }

    /// Whether the server's words hold one of these, which are in lower case.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    /// Whether the request had the parameter, in its body or in its URL.
    pub(super) fn sent(&self, name: &str) -> bool {
        let request = &self.told.request;
        let marks = [format!("\"{name}\":"), format!("&{name}="), format!("?{name}=")];
        let body = format!("&{}", request.body);
        marks.iter().any(|mark| body.contains(mark) || request.url.contains(mark))
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        header(self.told.answer.as_ref(), name)
    }

    /// Whether the answer is a page for people.
    pub(super) fn is_page(&self) -> bool {
        self.told.answer.as_ref().is_some_and(is_page)
    }

    /// The answer's body, if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.told.answer.as_ref()?.body).ok()
    }

    /// Where the request went to, without its query.
    pub(super) fn url(&self) -> &'a str {
        self.told.request.url.split('?').next().unwrap_or_default()
    }

    /// The builder's word for that URL.
    pub(super) fn setting(&self) -> &'static str {
        match self.report.asked.as_str() {
            "refresh" if self.report.configuration.refresh_url.is_some() => "refresh_url",
            "revocation" => "revocation_url",
            _ => "token_url",
        }
    }

    /// What the server answered, in its own words.
    pub(super) fn seen(&self) -> String {
        let ReportedAttempt { flavor, error, error_description, .. } = self.told;
        let mut text = format!("{} answered {}", self.url(), self.status());
        if let Some(error) = error {
            text += &format!(" {error}");
        }
        if let Some(description) = error_description {
            text += &format!(" ({description})");
        }
        match self.report.attempts.len() {
            1 => text + &format!(" to {flavor}"),
            made => text + &format!(" to {flavor}, of {made} attempts"),
        }
    }
}

pub(super) fn is_page(answer: &CapturedAnswer) -> bool {
    let is_html = |text: &str| text.to_ascii_lowercase().contains("html");
    let beginning = answer.body.trim_start().get(..60).unwrap_or(answer.body.trim_start());
    is_html(header(Some(answer), "content-type").unwrap_or_default())
        || (beginning.starts_with('<') && is_html(beginning))
}

pub(super) fn header<'a>(answer: Option<&'a CapturedAnswer>, name: &str) -> Option<&'a str> {
    let mut headers = answer?.headers.iter();
    headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
