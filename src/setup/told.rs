//! What of a setup may be told, and what is to be hidden of it.

use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{Endpoints, Setup};
use crate::conventions::Conventions;
use crate::decode::{self, Known, names_of_tokens};
use crate::kind::Kind;
use crate::mask::Mask;
use crate::report::ReportedConfiguration;
use crate::template;

impl Setup {
    /// Hides the client's secret, in every way in which it stands in a request.
    pub(crate) fn hide<'a>(&'a self, mask: &mut Mask<'a>) {
        let Some(secret) = self.client.secret() else { return };
        let basic = self.conventions.basic.as_deref().unwrap_or_default();
        for text in basic.split(':').flat_map(template::texts) {
            // A short word is no key.
            let is_word = text.bytes().all(|byte| byte.is_ascii_lowercase());
            if text.len() >= if is_word { SHORTEST_WORD } else { SHORTEST_KEY } {
                mask.hide("basic", text);
            }
        }
        mask.hide("client_secret", secret.expose());
        for header in self.client.headers() {
            let credentials = header.to_str().ok().and_then(|it| it.strip_prefix("Basic "));
            let credentials = credentials.unwrap_or_default().trim_end_matches('=');
            mask.hide_also("authorization", credentials);
        }
    }

    /// Hides what the queries of the configured URLs have under telling names.
    pub(crate) fn hide_urls(&self, mask: &mut Mask<'_>) {
        for url in self.urls().into_iter().flatten() {
            hide_query(url, mask);
        }
        let redirect_uri = Some(&self.redirect_uri).filter(|uri| uri.contains('?'));
        if let Some(Ok(url)) = redirect_uri.map(|uri| Url::parse(uri)) {
            hide_query(&url, mask);
        }
    }

    /// The token URL first, then those of authorization, refresh and revocation.
    pub(crate) fn urls(&self) -> [Option<&Url>; 4] {
        let Endpoints { authorization, token, refresh, revocation } = &self.endpoints;
        let endpoints =
            [Some(token), authorization.as_ref(), refresh.as_ref(), revocation.as_ref()];
        endpoints.map(|endpoint| Some(&endpoint?.target.url))
    }

    /// What is known of the provider's answers.
    pub(crate) fn known(&self) -> Known<'_> {
        let mut public = vec![self.client.id(), &self.redirect_uri];
        public.extend(self.scopes.iter().map(String::as_str));
        public.extend(self.urls().into_iter().flatten().map(Url::as_str));
        Known { public, names: names_of_tokens(&self.conventions.answer), marks: Vec::new() }
    }

    /// How the exchanger is configured; `show` hides what is secret of it.
    pub(crate) fn configuration(&self, show: impl Fn(&str) -> String) -> ReportedConfiguration {
        let [_, authorization, refresh, revocation] =
            self.urls().map(|url| url.map(|url| show(url.as_str())));
        ReportedConfiguration {
            client_id: self.client.id().to_owned(),
            has_client_secret: self.client.secret().is_some(),
            encoding_matters: self.client.encoding_matters(),
            token_url: show(self.endpoints.token.target.url.as_str()),
            authorization_url: authorization,
            refresh_url: refresh,
            revocation_url: revocation,
            redirect_uri: show(&self.redirect_uri),
            scopes: self.scopes.clone(),
            policy: self.wishes.policy.to_string(),
            flavors: self.flavors(Kind::Exchange, None).into_vec(),
            conventions: departures(&self.conventions),
        }
    }
}

/// Hides what a URL's own query has under a telling name.
pub(crate) fn hide_query(url: &Url, mask: &mut Mask<'_>) {
    for (name, value) in form_urlencoded::parse(url.query().unwrap_or_default().as_bytes()) {
        if let Some(mark) = decode::mark_in_url(&name) {
            mask.hide(mark, value.into_owned());
        }
    }
}

/// Where the conventions depart from the standard, as JSON Pointers. What they say there may be
/// a secret.
fn departures(conventions: &Conventions) -> Vec<String> {
    let value = |conventions| serde_json::to_value(conventions).unwrap_or_default();
    let mut pointers = Vec::new();
    collect(&value(conventions), &value(&Conventions::default()), "", &mut pointers);
    // Whatever order another crate has switched on.
    pointers.sort_unstable();
    pointers
}

fn collect(value: &Value, default: &Value, at: &str, pointers: &mut Vec<String>) {
    match value {
        value if value == default => {}
        Value::Object(members) => {
            for (name, value) in members {
                let default = default.get(name).unwrap_or(&Value::Null);
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(value, default, &format!("{at}/{name}"), pointers);
            }
        }
        _ => pointers.push(at.to_owned()),
    }
}

/// In bytes, of what the conventions write into a Basic header.
const SHORTEST_KEY: usize = 4;

/// The same of a word in lower case.
const SHORTEST_WORD: usize = 8;
