//! What a server says in words, and how it is searched for what they tell.

use serde_json::Value;
use url::form_urlencoded;

/// The words of a server, in one writing: `redirect_uri`, `redirect-uri` and `redirectURI` read
/// `redirect uri`, and all quotes alike.
pub(super) struct Words {
    text: String,
    /// The ways to authenticate that are named (RFC 7591, section 2). They are not in the text, where
    /// `client_secret_basic` would speak of a secret.
    pub(super) methods: Vec<&'static str>,
}

impl Words {
    pub(super) fn new(text: &str) -> Self {
        let mut text = without_stock_phrases(plain(text));
        let mut methods = Vec::new();
        for method in METHODS {
            let name = plain(method);
            if text.contains(&name) {
                text = text.replace(&name, "");
                methods.push(method);
            }
        }
        Self { text, methods }
    }

    /// Whether one of these stands there, at the beginning of a word: `used` is in `used-up`, and
    /// not in `unused`.
    pub(super) fn say(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.holds(&plain(phrase)))
    }

    fn holds(&self, phrase: &str) -> bool {
        let is_word = phrase.starts_with(char::is_alphanumeric);
        let begins = |at: usize| {
            !is_word
                || !self
                    .text
                    .get(..at)
                    .is_some_and(|before| before.ends_with(char::is_alphanumeric))
        };
        self.text.match_indices(phrase).any(|(at, _)| begins(at))
    }

    /// Whether a parameter is named: as a word of its own, and `code` only where it is no other
    /// thing, such as an error's or a member's of JSON.
    pub(super) fn name(&self, parameter: &str) -> bool {
        if parameter == "code" {
            let quoted = "'code'";
            let mut after = self.text.split(quoted).skip(1);
            if after.any(|after| !after.trim_start().starts_with(':')) {
                return true;
            }
            return self.say(&[
                "parameter code",
                "parameter: code",
                "code parameter",
                "code is",
                "code must",
                "authorization code",
                "auth code",
            ]);
        }
        let parameter = plain(parameter);
        self.text.match_indices(&parameter).any(|(at, _)| {
            let (before, after) = (self.text.get(..at), self.text.get(at + parameter.len()..));
            !before.is_some_and(|it| it.ends_with(char::is_alphanumeric))
                && !after.is_some_and(|it| it.starts_with(char::is_alphanumeric))
        })
    }
}

/// The text with one space in place of all white space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of an answer's body.
pub(super) fn of_body(body: &str) -> String {
    if body.trim_start().starts_with('<') {
        return of_page(body).collect::<Vec<_>>().join(" ");
    }
    match json(body) {
        _ if is_form(body) => {
            let pairs = form_urlencoded::parse(body.as_bytes());
            pairs.map(|(_, value)| value).collect::<Vec<_>>().join("\n")
        }
        Some(value) => {
            let mut text = String::new();
            gather(&value, &mut text);
            text
        }
        None => body.to_owned(),
    }
}

/// What stands in a body for people to read: of JSON the member that is for them, else all.
pub(super) fn sentence(body: &str) -> String {
    let names = ["message", "msg", "error_message", "errmsg", "reason", "detail", "title"];
    let json = json(body);
    let told = names.iter().find_map(|name| json.as_ref()?.get(name)?.as_str());
    told.map_or_else(|| of_body(body), str::to_owned)
}

/// The body as JSON, if it is. A mark stands in quotes only where it hides a text.
pub(super) fn json(body: &str) -> Option<Value> {
    let read = |text: &str| serde_json::from_str(text).ok();
    read(body).or_else(|| read(&with_quoted_marks(body))).or_else(|| form(body))
}

/// A form as the object of its pairs.
fn form(body: &str) -> Option<Value> {
    let pairs = || form_urlencoded::parse(body.as_bytes()).into_owned();
    is_form(body).then(|| pairs().map(|(name, value)| (name, Value::String(value))).collect())
}

fn is_form(body: &str) -> bool {
    body.contains('=') && !body.contains(|c: char| c.is_whitespace() || c == '{')
}

fn with_quoted_marks(body: &str) -> String {
    let mut quoted = String::with_capacity(body.len());
    let (mut is_text, mut is_escaped, mut rest) = (false, false, body);
    while let Some(next) = rest.chars().next() {
        let mark = if is_text { None } else { mark(rest) };
        if let Some(mark) = mark {
            quoted.extend(["\"", mark, "\""]);
            rest = rest.get(mark.len()..).unwrap_or_default();
            continue;
        }
        is_text ^= next == '"' && !is_escaped;
        is_escaped = next == '\\' && !is_escaped;
        quoted.push(next);
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    quoted
}

/// The mark that the text begins with, which is no list of JSON.
fn mark(text: &str) -> Option<&str> {
    let end = text.strip_prefix('[')?.bytes().take(LONGEST_MARK).position(|it| it == b']')? + 1;
    let name = text.get(1..end)?;
    let is_name = name.starts_with(|it: char| it.is_ascii_lowercase())
        && name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || "_ ".contains(it));
    (is_name && !matches!(name, "true" | "false" | "null")).then(|| text.get(..=end))?
}

/// What a page shows, without its markup and its scripts.
pub(super) fn of_page(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').filter_map(|piece| {
        let Some((tag, text)) = piece.split_once('>') else { return Some(piece) };
        let name: String = tag.chars().take_while(char::is_ascii_alphabetic).collect();
        let is_hidden = ["script", "style"].iter().any(|it| name.eq_ignore_ascii_case(it));
        (!is_hidden).then_some(text)
    })
}

/// The texts of a value. A member's name says something only where it holds a list or an object, as
/// in `{"errors": {"code": ["is required"]}}`: else it is the name of a text, which is not said.
fn gather(value: &Value, text: &mut String) {
    match value {
        Value::String(said) => {
            text.push_str(said);
            text.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|it| gather(it, text)),
        Value::Object(members) => {
            for (name, value) in members {
                if value.is_array() || value.is_object() {
                    text.extend(["'", name, "' "]);
                }
                gather(value, text);
            }
        }
        _ => {}
    }
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut was_lower = false;
    for character in text.chars() {
        if was_lower && character.is_uppercase() {
            plain.push(' ');
        }
        was_lower = character.is_lowercase();
        match character {
            '_' | '-' => plain.push(' '),
            '"' | '`' | '‘' | '’' | '“' | '”' => plain.push('\''),
            _ if character.is_whitespace() => plain.push(' '),
            _ => plain.extend(character.to_lowercase()),
        }
    }
    plain
}

/// Many servers describe an error by the words in which the standard defines it: a list of all that
/// it may be, which says nothing about what it is.
fn without_stock_phrases(mut text: String) -> String {
    let phrases = [
        ("unknown client, no client authentication", "authentication method"),
        ("invalid, expired, revoked", "another client"),
        ("missing a required parameter, ", "otherwise malformed"),
        ("invalid, unknown, malformed", "resource owner"),
        ("(e.g., authorization code", ")"),
    ];
    for (first, last) in phrases {
        while let Some(start) = text.find(first) {
            let rest = text.get(start..).unwrap_or_default();
            let end = rest.find(last).map_or(rest.len(), |at| at + last.len());
            text.replace_range(start..start + end, "");
        }
    }
    text
}

const METHODS: [&str; 6] = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "self_signed_tls_client_auth",
    "tls_client_auth",
];

/// In bytes.
const LONGEST_MARK: usize = 48;

/// The redirect URI, as servers call it.
pub(super) const REDIRECT_URI: &[&str] = &[
    "redirect uri",
    "redirect url",
    "redirection uri",
    "redirecturi",
    "callback url",
    "callback uri",
    "reply url",
    "reply address",
];

/// So too.
pub(super) const PKCE: &[&str] =
    &["pkce", "code verif", "code challenge", "verifier", "proof key for code exchange"];

/// What servers that have no status for it say of too large a request.
pub(super) const TOO_LARGE: &[&str] = &[
    "cookie too large",
    "cookies too large",
    "header too large",
    "headers too large",
    "header fields too large",
    "request too long",
    "uri too long",
    "request headers is too long",
    "header field exceeds",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_writing_and_at_their_beginning_only() {
        let words = Words::new("Invalid redirectURI `code-verifier`; unused REPLY_URL");
        assert!(words.say(&["redirect_uri"]) && words.say(&["redirect uri"]));
        assert!(words.say(&["'code_verifier'"]) && words.say(&["verif"]));
        assert!(words.say(&["reply url"]) && !words.say(&["used"]) && !words.say(&["uri used"]));
    }

    #[test]
    fn a_parameter_is_a_whole_word_and_a_code_is_not_an_error_code() {
        let words = Words::new("error code 12: the status of client_identity is missing");
        assert!(!words.name("code") && !words.name("state") && !words.name("client_id"));
        assert!(Words::new("missing \"code\"").name("code"));
        assert!(!Words::new(r#"[{"code": "invalid_type"}]"#).name("code"));
        assert!(Words::new("client_id, please").name("client_id"));
    }

    #[test]
    fn the_name_of_a_method_speaks_of_no_secret() {
        let words = Words::new("registered for client_secret_basic, not private_key_jwt");
        assert!(!words.say(&["client secret"]) && !words.say(&["jwt"]));
        assert_eq!(words.methods, ["client_secret_basic", "private_key_jwt"]);
    }

    #[test]
    fn what_the_standard_says_of_every_error_is_not_heard() {
        let text = "Client authentication failed (e.g., unknown client, no client authentication \
            included, or unsupported authentication method). No such tenant.";
        let words = Words::new(text);
        assert!(!words.say(&["unknown client"]) && words.say(&["no such tenant"]));
        // It may be cut off, and stand there twice.
        let words =
            Words::new("invalid, expired, revoked, x another client: invalid, expired, revoked");
        assert!(!words.say(&["expired"]));
    }

    #[test]
    fn a_body_says_its_texts_and_the_names_of_what_holds_several() {
        let body = r#"{"code":400,"errors":{"nonce":["is missing"]}}"#;
        assert_eq!(of_body(body), "'errors' 'nonce' is missing\n");
        assert_eq!(of_body(r#"{"state":"x"}"#), "x\n");
        assert_eq!(of_body("<h1 title=x>No</h1><script>y</script>!"), " No  !".trim_end());
        assert_eq!(of_body("error=bad&description=no%20way"), "bad\nno way");
        assert_eq!(of_body("not at all"), "not at all");
    }

    #[test]
    fn a_mark_may_stand_in_place_of_a_number() {
        let value = json(r#"{"a":[token 2],"b":"[x] \"[y]","c":[true,1],"d":"[e]"}"#);
        let known = serde_json::json!(
            { "a": "[token 2]", "b": "[x] \"[y]", "c": [true, 1], "d": "[e]" }
        );
        assert_eq!(value, Some(known));
        for broken in ["[", "[a", "{\"a\":[b}", "[é]", "\"\\"] {
            assert_eq!(json(broken), None);
        }
    }
}
