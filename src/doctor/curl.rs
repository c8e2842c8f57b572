//! Reads a curl command: text in, the request that curl would send out.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

use self::options::Opt;
pub(super) use self::options::Way;
use crate::encode::url_encode;

mod options;
mod paste;
mod words;

/// A text that cannot be compared. No variant holds anything of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurlError {
    /// There is no curl command in it.
    #[error("no curl command is in the text: paste it whole, from the word curl on")]
    NoCommand,
    /// It is a command of PowerShell's own, which is called curl there.
    #[error(
        "the command is PowerShell's Invoke-WebRequest, which is called curl there: write it for \
         curl.exe, with -d and -H"
    )]
    PowerShell,
    /// It is longer than any that a provider would take.
    #[error("the command is too long: leave out what has nothing to do with the token")]
    TooLong,
    /// A quote is not closed.
    #[error("the command ends within quotes: paste it to its last character")]
    Unfinished,
    /// A shell would end the command at an `&`.
    #[error("an & stands outside of quotes, where a shell ends the command: put quotes around")]
    BareAmpersand,
    /// A value is not in the text, but in a variable of the shell or of another tool.
    #[error(
        "the command has a variable or a command in it, the value of which is not known here: write \
         the value in its place, in single quotes"
    )]
    Variable,
    /// A part of the request is not in the text, but in a file.
    #[error("word {word} of the command reads a file: write what the file holds in its place")]
    #[non_exhaustive]
    File {
        /// Which word it is; `curl` is the first.
        word: usize,
    },
    /// An option is not known.
    #[error(
        "word {word} of the command has an option that is not known: leave it out, or write its \
         long name in full"
    )]
    #[non_exhaustive]
    UnknownOption {
        /// Which word it is; `curl` is the first.
        word: usize,
    },
    /// An option has no value.
    #[error("the option in word {word} of the command lacks its value: paste the command whole")]
    #[non_exhaustive]
    MissingValue {
        /// Which word it is; `curl` is the first.
        word: usize,
    },
    /// curl would ask for the password.
    #[error("curl would ask for the password: write -u 'id:secret', or -u 'id:' if there is none")]
    MissingPassword,
    /// There is no URL in it.
    #[error("the command has no URL: paste it whole")]
    NoUrl,
    /// The URL is none, or none that leads to a provider.
    #[error("the command's URL cannot be read: write an absolute https URL, in quotes")]
    InvalidUrl,
    /// It sends more than one request.
    #[error("the command sends more than one request: paste the one that gets the token")]
    SeveralRequests,
    /// The body says that it is JSON, and is no JSON object.
    #[error("the command's body is no JSON object: check its quotes and commas")]
    InvalidJson,
    /// It is no request for a token.
    #[error(
        "the command asks for no token: there is no grant_type in it, and no code, refresh token or \
         token to revoke; paste the one that does"
    )]
    NotForTokens,
}

/// The request that curl would send.
pub(super) struct Curl {
    pub(super) method: String,
    /// Without user and password.
    pub(super) url: Url,
    /// Names and values, as they are written.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// The fields of a multipart body.
    pub(super) parts: Option<Vec<(String, String)>>,
    pub(super) ways: BTreeSet<Way>,
}

impl Curl {
    pub(super) fn parse(text: &str) -> Result<Self, CurlError> {
        if text.len() > LIMIT {
            return Err(CurlError::TooLong);
        }
        let text = &*paste::clean(text);
        if paste::is_web_request(text) {
            return Err(CurlError::PowerShell);
        }
        let words = match command(words::commands(text)?) {
            Err(CurlError::NoCommand) => {
                command(words::commands(&paste::without_root_prompt(text))?)?
            }
            words => words?,
        };
        if words.iter().any(|word| has_tool_variable(word)) {
            return Err(CurlError::Variable);
        }
        Draft::read(&words)?.finish()
    }
}

/// The words of the first curl command.
fn command(commands: Vec<Vec<String>>) -> Result<Vec<String>, CurlError> {
    let mut commands = commands.into_iter();
    let command = commands.by_ref().find_map(|mut words| {
        let at = words.iter().position(|word| is_curl(word))?;
        Some(words.split_off(at))
    });
    let mut command = command.ok_or(CurlError::NoCommand)?;
    // A line that begins with an option belongs to the one above, whatever became of its end.
    let is_rest = |words: &Vec<String>| words.first().is_some_and(|word| word.starts_with('-'));
    for words in commands.take_while(is_rest) {
        command.extend(words);
    }
    Ok(command)
}

fn is_curl(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
    name.eq_ignore_ascii_case("curl") || name.eq_ignore_ascii_case("curl.exe")
}

/// Whether the word has a `{{variable}}`, as collections of requests do.
fn has_tool_variable(word: &str) -> bool {
    word.split("{{").skip(1).any(|rest| {
        let name = rest.split_once("}}").map_or("", |(name, _)| name.trim());
        let is_name = |c: char| c.is_alphanumeric() || "_-.$".contains(c);
        !name.is_empty() && name.chars().all(is_name)
    })
}

#[derive(Default)]
struct Draft {
    urls: Vec<String>,
    queries: Vec<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    data: Option<String>,
    parts: Option<Vec<(String, String)>>,
    user: Option<String>,
    bearer: Option<String>,
    user_agent: Option<String>,
    cookies: Vec<String>,
    is_get: bool,
    is_head: bool,
    is_json: bool,
    other_auth: Option<&'static str>,
    ways: BTreeSet<Way>,
}

impl Draft {
    fn read(words: &[String]) -> Result<Self, CurlError> {
        let mut draft = Self::default();
        let mut words = words.iter().map(|word| &**word).zip(1..).skip(1);
        let mut only_urls = false;
        while let Some((word, at)) = words.next() {
            let mut value = |inline: Option<&str>| match inline {
                Some(value) => Ok(value.to_owned()),
                None => words
                    .next()
                    .map(|(word, _)| word.to_owned())
                    .ok_or(CurlError::MissingValue { word: at }),
            };
            let unknown = CurlError::UnknownOption { word: at };
            match word.strip_prefix('-') {
                Some(options) if !only_urls && !options.is_empty() => {
                    if let Some(long) = options.strip_prefix('-') {
                        if long.is_empty() {
                            only_urls = true;
                            continue;
                        }
                        let (name, inline) = match long.split_once('=') {
                            Some((name, value)) => (name, Some(value)),
                            None => (long, None),
                        };
                        let option = Opt::long(name).ok_or(unknown)?;
                        let value =
                            if option.takes_value() { value(inline)? } else { String::new() };
                        draft.apply(option, value, at)?;
                        continue;
                    }
                    let mut letters = options.chars();
                    while let Some(letter) = letters.next() {
                        let option = Opt::short(letter).ok_or(unknown)?;
                        if option.takes_value() {
                            let rest = Some(letters.as_str()).filter(|rest| !rest.is_empty());
                            draft.apply(option, value(rest)?, at)?;
                            break;
                        }
                        draft.apply(option, String::new(), at)?;
                    }
                }
                _ if word.trim().is_empty() => {}
                _ => draft.urls.push(word.to_owned()),
            }
        }
        Ok(draft)
    }

    fn apply(&mut self, option: Opt, value: String, word: usize) -> Result<(), CurlError> {
        let file = CurlError::File { word };
        match option {
            Opt::Value | Opt::Flag => {}
            Opt::Url => self.urls.push(value),
            Opt::UrlQuery => self.queries.push(match value.strip_prefix('+') {
                Some(raw) => raw.to_owned(),
                None => urlencoded(&value).ok_or(file)?,
            }),
            Opt::Method => self.method = Some(value),
            Opt::Header if value.starts_with('@') => return Err(file),
            Opt::Header => self.headers.extend(header(&value)),
            Opt::Data | Opt::Json if value.starts_with('@') => return Err(file),
            Opt::Json => {
                self.is_json = true;
                self.data.get_or_insert_default().push_str(&value);
            }
            Opt::Data | Opt::DataRaw => self.add(&value),
            Opt::DataUrlencode => self.add(&urlencoded(&value).ok_or(file)?),
            Opt::Form | Opt::FormString => {
                let (name, content) = value.split_once('=').unwrap_or((&value, ""));
                let is_plain = option == Opt::FormString;
                if !is_plain && content.starts_with(['@', '<']) {
                    return Err(file);
                }
                let end = if is_plain { None } else { content.find(";type=") };
                let content = end.and_then(|end| content.get(..end)).unwrap_or(content);
                let bare = content.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
                let content = bare.filter(|_| !is_plain).unwrap_or(content);
                self.parts.get_or_insert_default().push((name.to_owned(), content.to_owned()));
            }
            Opt::User => self.user = Some(value),
            Opt::Bearer => self.bearer = Some(value),
            Opt::UserAgent => self.user_agent = Some(value),
            // Without an equals sign it is a file's name.
            Opt::Cookie if !value.contains('=') => {}
            Opt::Cookie => self.cookies.push(value),
            Opt::Way(Way::Proxy) if value.is_empty() => self.ways.extend([Way::NoProxy]),
            // A list of hosts is about others, most often.
            Opt::Way(Way::NoProxy) if value != "*" => {}
            Opt::Way(way) => self.ways.extend([way]),
            Opt::Signature => self.other_auth = Some("AWS4-HMAC-SHA256"),
            Opt::File | Opt::Netrc => return Err(file),
            Opt::Get => self.is_get = true,
            Opt::Head => self.is_head = true,
            Opt::OtherAuth(scheme) => self.other_auth = Some(scheme),
            Opt::Next => return Err(CurlError::SeveralRequests),
        }
        Ok(())
    }

    fn add(&mut self, data: &str) {
        let body = self.data.get_or_insert_default();
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(data);
    }

    fn finish(mut self) -> Result<Curl, CurlError> {
        let mut url = self.url()?;
        let data = if self.is_get { self.data.take() } else { None };
        let queries = self.queries.iter().chain(&data).filter(|query| !query.is_empty());
        let queries: Vec<_> = url.query().into_iter().chain(queries.map(|it| &**it)).collect();
        if !queries.is_empty() {
            let query = queries.join("&");
            url.set_query(Some(&query));
        }
        let has_body = self.data.is_some() || self.parts.is_some();
        let method = match self.method.take() {
            Some(method) => method,
            None if self.is_head => "HEAD".to_owned(),
            None if has_body => "POST".to_owned(),
            None => "GET".to_owned(),
        };
        self.add_headers(&mut url)?;
        Ok(Curl {
            method,
            url,
            headers: self.headers,
            body: self.data.unwrap_or_default(),
            parts: self.parts,
            ways: self.ways,
        })
    }

    fn url(&self) -> Result<Url, CurlError> {
        let [text] = &*self.urls else {
            let is_none = self.urls.is_empty();
            return Err(if is_none { CurlError::NoUrl } else { CurlError::SeveralRequests });
        };
        let text = text.trim();
        // As curl guesses.
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        url.ok_or(CurlError::InvalidUrl)
    }

    /// Adds the headers that other options stand for. One that is written as such wins.
    fn add_headers(&mut self, url: &mut Url) -> Result<(), CurlError> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let in_url = (!url.username().is_empty() || url.password().is_some()).then(|| {
            format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()))
        });
        url.set_username("").and(url.set_password(None)).map_err(|()| CurlError::InvalidUrl)?;
        url.set_fragment(None);
        let user = self.user.take().or(in_url);
        if user.as_ref().is_some_and(|user| !user.contains(':')) {
            return Err(CurlError::MissingPassword);
        }
        let authorization = match (self.other_auth, user, self.bearer.take()) {
            (Some(scheme), ..) => Some(scheme.to_owned()),
            (_, _, Some(token)) => Some(format!("Bearer {token}")),
            (_, Some(user), _) => Some(format!("Basic {}", STANDARD.encode(user))),
            (None, None, None) => None,
        };
        let cookies = Some(self.cookies.join("; ")).filter(|cookies| !cookies.is_empty());
        let json = || Some("application/json".to_owned());
        let form = || Some("application/x-www-form-urlencoded".to_owned());
        let content_type = match &self.data {
            _ if self.parts.is_some() => None,
            Some(_) if self.is_json => json(),
            Some(_) => form(),
            None => None,
        };
        let accept = if self.is_json { json() } else { None };
        for (name, value) in [
            ("Authorization", authorization),
            ("Cookie", cookies),
            ("User-Agent", self.user_agent.take()),
            ("Content-Type", content_type),
            ("Accept", accept),
        ] {
            let is_set = self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            if let Some(value) = value.filter(|_| !is_set) {
                self.headers.push((name.to_owned(), value));
            }
        }
        // One without a value kept another from being added.
        self.headers.retain(|(_, value)| !value.is_empty());
        Ok(())
    }
}

fn header(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(':').or_else(|| Some((text.strip_suffix(';')?, "")))?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

/// What is sent for `content`, `=content` or `name=content`; `None` if a file is to be read.
fn urlencoded(text: &str) -> Option<String> {
    match text.split_once('=') {
        Some(("", content)) => Some(url_encode(content)),
        Some((name, content)) => Some(format!("{name}={}", url_encode(content))),
        None if text.contains('@') => None,
        None => Some(url_encode(text)),
    }
}

/// In bytes. What goes into a request is shorter by far.
const LIMIT: usize = 256 * 1024;
