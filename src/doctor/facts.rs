//! What a report says, as rules ask for it.

use serde_json::Value;

use super::words::{self, PKCE, REDIRECT_URI, Words, one_line};
use crate::capture::CapturedAnswer;
use crate::mask;
use crate::report::{Report, ReportedAttempt, ReportedConfiguration};
use crate::verdict::CLIENT;

mod furthest;

/// A report, and the attempt in it that got furthest.
pub(super) struct Facts<'a> {
    pub(super) report: &'a Report,
    pub(super) told: &'a ReportedAttempt,
    /// All that the server says there.
    words: Words,
}

impl<'a> Facts<'a> {
    /// `None` of a call that sent nothing.
    pub(super) fn new(report: &'a Report) -> Option<Self> {
        let told = furthest::of(report)?;
        Some(Self { report, told, words: said(told) })
    }

    pub(super) fn configuration(&self) -> &'a ReportedConfiguration {
        &self.report.configuration
    }

    /// Whether conventions depart from the standard there, or below.
    pub(super) fn departs(&self, pointer: &str) -> bool {
        self.configuration().conventions.iter().any(|known| known.starts_with(pointer))
    }

    pub(super) fn is_exchange(&self) -> bool {
        self.report.asked == "exchange"
    }

    pub(super) fn is_refresh(&self) -> bool {
        self.report.asked == "refresh"
    }

    pub(super) fn is_revocation(&self) -> bool {
        self.report.asked == "revocation"
    }

    /// Zero if no answer came.
    pub(super) fn status(&self) -> u16 {
        status(self.told)
    }

    pub(super) fn code(&self) -> &str {
        self.told.error.as_deref().unwrap_or_default()
    }

    /// Whether the server says one of these.
    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        self.words.say(phrases)
    }

    /// Whether the server speaks of a way to authenticate by its registered name.
    pub(super) fn names_method(&self) -> bool {
        !self.words.methods.is_empty()
    }

    /// Whether the server speaks of the parameter.
    pub(super) fn names(&self, parameter: &str) -> bool {
        self.words.name(parameter)
    }

    /// Whether the server says that something is not there. One that says `missing or wrong` of all
    /// that is wrong says nothing.
    pub(super) fn says_missing(&self) -> bool {
        !self.says(&["missing or"])
            && self.says(&[
                "missing",
                "required",
                "must be provided",
                "must be specified",
                "must contain",
                "must include",
                "not provided",
                "not specified",
                "is empty",
                "cannot be blank",
                "can't be blank",
                "was not found in the request",
                "received undefined",
            ])
    }

    /// Whether the client was refused, by the status or by a code for it.
    pub(super) fn refuses_client(&self) -> bool {
        refuses_client(self.told)
    }

    /// Whether the request had the parameter, in its body or in its URL.
    pub(super) fn sent(&self, name: &str) -> bool {
        let request = &self.told.request;
        let marks = [format!("\"{name}\":"), format!("&{name}="), format!("?{name}=")];
        let body = format!("&{}", request.body);
        marks.iter().any(|mark| body.contains(mark) || request.url.contains(mark))
    }

    /// The parameter's value in the request, in its body or in its URL.
    pub(super) fn sent_value(&self, name: &str) -> Option<String> {
        let request = &self.told.request;
        let query = request.url.split_once('?').map_or("", |(_, query)| query);
        let value = |text: &str| Some(words::json(text)?.get(name)?.as_str()?.to_owned());
        value(&request.body).or_else(|| value(query))
    }

    /// Whether a request with another kind of body was made.
    pub(super) fn tried_other_encoding(&self) -> bool {
        let ours = self.told.flavor.encoding;
        self.report.attempts.iter().any(|it| it.answer.is_some() && it.flavor.encoding != ours)
    }

    /// An attempt that may have got past the client, for it had the credentials in another place: it
    /// was refused without a word.
    pub(super) fn silent_elsewhere(&self) -> Option<&'a ReportedAttempt> {
        let ours = self.told.flavor;
        self.report.attempts.iter().find(|it| {
            let is_same_body = it.flavor.encoding == ours.encoding && it.flavor.auth != ours.auth;
            let is_silent =
                it.error.as_deref() == Some("invalid_request") && furthest::says_no_more(it);
            is_same_body && is_silent && !refuses_client(it)
        })
    }

    /// The setting by which conventions send the parameter otherwise than the standard does.
    pub(super) fn changed(&self, name: &str) -> Option<String> {
        let section = self.section();
        let at = |setting: &str| format!("/{section}/{setting}");
        let renames = self.departs(&at(&format!("rename/{name}")));
        let is_usual = match name {
            "grant_type" => true,
            "code" => self.is_exchange(),
            "refresh_token" => self.is_refresh(),
            "redirect_uri" => self.is_exchange() && !self.configuration().redirect_uri.is_empty(),
            _ => false,
        };
        let omits = is_usual && !self.sent(name) && self.departs(&at("omit"));
        let setting = if renames { "rename" } else { "omit" };
        (renames || omits).then(|| format!("{}.{setting}", self.conventions()))
    }

    /// Where the conventions of such a request stand.
    pub(super) fn conventions(&self) -> String {
        format!("conventions.{}", self.section())
    }

    fn section(&self) -> &'static str {
        // A report from anywhere may say anything.
        let known = ["client_credentials", "refresh", "revocation"];
        known.into_iter().find(|it| *it == self.report.asked).unwrap_or("exchange")
    }

    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        header(self.told.answer.as_ref(), name)
    }

    /// Whether the answer is a page for people.
    pub(super) fn is_page(&self) -> bool {
        self.told.answer.as_ref().is_some_and(is_page)
    }

    /// Whether the answer has no word.
    pub(super) fn is_silent(&self) -> bool {
        let body = self.told.answer.as_ref().map_or("", |answer| &answer.body);
        self.code().is_empty() && body.trim().is_empty()
    }

    /// The answer's body, if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        Some(&self.told.answer.as_ref()?.body)
            .filter(|body| body.len() <= LONGEST_BODY)
            .and_then(|body| words::json(body))
    }

    /// Whether the answer was longer than what is shown of it.
    pub(super) fn is_cut(&self) -> bool {
        self.told.answer.as_ref().is_some_and(|answer| answer.cut)
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

    /// What the server says beside its code, on one line: what it has for a description, or what
    /// stands in an answer that refuses without one, unless it is a page.
    pub(super) fn own_words(&self) -> Option<String> {
        let described = self.told.error_description.as_deref().map(one_line);
        let said = || {
            let answer = self.told.answer.as_ref().filter(|it| it.status >= 400 && !is_page(it))?;
            let said = one_line(&words::sentence(&answer.body));
            let shown = mask::beginning(&said, LONGEST_WORDS);
            let tells_more = !shown.is_empty() && shown != self.code();
            let end = if shown.len() < said.len() { "..." } else { "" };
            tells_more.then(|| format!("{shown}{end}"))
        };
        described.or_else(said)
    }

    /// A name in the server's words that is written as parameters are, and was not sent.
    pub(super) fn unknown_name(&self) -> Option<String> {
        let said = self.own_words()?;
        let mut names = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let is_name = |it: &str| {
            it.contains('_') && it.split('_').all(|part| !part.is_empty()) && it.len() < 40
        };
        let is_other = |it: &str| it != self.code() && !self.sent(it);
        names.find(|it| is_name(it) && is_other(it)).map(str::to_owned)
    }

    /// What the server answered, in its own words.
    pub(super) fn seen(&self) -> String {
        let ReportedAttempt { flavor, error, .. } = self.told;
        let mut text = format!("{} answered {}", self.url(), self.status());
        if let Some(error) = error {
            text += &format!(" {error}");
        }
        if let Some(said) = self.own_words() {
            text += &format!(" ({said})");
        }
        match self.report.attempts.len() {
            1 => text + &format!(" to {flavor}"),
            made => text + &format!(" to {flavor}, of {made} attempts"),
        }
    }
}

/// All that the server says there.
fn said(attempt: &ReportedAttempt) -> Words {
    let answer = attempt.answer.as_ref();
    // A report of ours shows no more; one of anyone may.
    let body = answer.map_or("", |answer| &answer.body);
    let body: String = body.chars().take(LONGEST_BODY).collect();
    let body = words::of_body(&body);
    let challenge = header(answer, "www-authenticate").unwrap_or_default();
    let told = [attempt.error.as_deref(), attempt.error_description.as_deref()];
    let texts = told.into_iter().flatten().chain([&*body, challenge]);
    Words::new(&texts.collect::<Vec<_>>().join("\n"))
}

/// Whether the client was refused, by a code for it, or by the status where nothing that is compared
/// after the client is named.
fn refuses_client(attempt: &ReportedAttempt) -> bool {
    let code = attempt.error.as_deref().unwrap_or_default();
    let looked_further = || said(attempt).say(REDIRECT_URI) || said(attempt).say(PKCE);
    CLIENT.contains(&code)
        || status(attempt) == 401 && !(code == "invalid_request" && looked_further())
}

/// Whether the client was refused by another attempt with the same kind of body, so that this one, which
/// was read too, got further.
fn is_past_client(attempt: &ReportedAttempt, all: &[ReportedAttempt]) -> bool {
    let is_same = |it: &&ReportedAttempt| it.flavor.encoding == attempt.flavor.encoding;
    !refuses_client(attempt) && all.iter().filter(is_same).any(refuses_client)
}

pub(super) fn status(attempt: &ReportedAttempt) -> u16 {
    attempt.answer.as_ref().map_or(0, |answer| answer.status)
}

pub(super) fn is_page(answer: &CapturedAnswer) -> bool {
    let is_html = |text: &str| text.to_ascii_lowercase().contains("html");
    let body = answer.body.trim_start();
    let beginning = body.get(..60).unwrap_or(body);
    let says_html = is_html(header(Some(answer), "content-type").unwrap_or_default());
    !body.is_empty() && (says_html || (beginning.starts_with('<') && is_html(beginning)))
}

pub(super) fn header<'a>(answer: Option<&'a CapturedAnswer>, name: &str) -> Option<&'a str> {
    let mut headers = answer?.headers.iter();
    headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// In characters.
const LONGEST_BODY: usize = 8 * 1024;

/// Of what is quoted, in bytes.
const LONGEST_WORDS: usize = 240;
