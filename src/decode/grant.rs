//! Reads an answer with a usable access token on, for what came with it.

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::members::{Member, Members, VALUE_LIMIT, first_segment, is_private};
use super::{Expected, Warning, theirs};
use crate::conventions::{ExpiresAt, ExpiresAtFormat, LifetimeUnit, ZeroLifetime};
use crate::secret::Secret;
use crate::token::{BEARER, Token};

/// An answer with a usable access token, read on for what came with it.
pub(super) struct Grant<'m, 'a> {
    pub(super) answer: &'m Members<'a>,
    /// Those of the object that has the token.
    pub(super) members: &'m Members<'a>,
    pub(super) damaged: bool,
    pub(super) expected: Expected<'m>,
    pub(super) warnings: Vec<Warning>,
}

impl<'a> Grant<'_, 'a> {
    pub(super) fn token(&mut self, access_token: &str, sent: SystemTime) -> Token {
        if !is_header_value(access_token) {
            self.warn(Warning::NotAHeaderValue);
        }
        Token {
            access_token: access_token.into(),
            token_type: self.token_type(),
            refresh_token: self
                .optional("refresh_token", Member::non_empty_text)
                .map(|text| Secret::new(text.into_owned())),
            expires_at: self.expires_at(sent),
            refresh_expires_at: self
                .moment("refresh_expires_at", self.expected.conventions.refresh_expires_at.as_ref())
                .or_else(|| self.lifetime("refresh_token_expires_in", sent))
                .or_else(|| self.lifetime("refresh_expires_in", sent))
                .and_then(Lifetime::end),
            scopes: self.scopes(),
            flavor: None,
            extra: self.extra(),
        }
    }

    fn token_type(&mut self) -> String {
        let known = self.warnings.len();
        let Some(name) = self.optional("token_type", Member::non_empty_text) else {
            if self.warnings.len() == known {
                self.warn(Warning::MissingTokenType);
            }
            return BEARER.to_owned();
        };
        if name.eq_ignore_ascii_case(BEARER) {
            return BEARER.to_owned();
        }
        self.warn(Warning::UnknownTokenType);
        name.into_owned()
    }

    fn expires_at(&mut self, sent: SystemTime) -> Option<SystemTime> {
        let moment = self.moment("expires_at", self.expected.conventions.expires_at.as_ref());
        let told = moment.or_else(|| self.lifetime("expires_in", sent));
        match (told, self.expected.conventions.default_lifetime) {
            (Some(lifetime), None) => lifetime.end(),
            (Some(Lifetime::Until(end)), _) => Some(end),
            (Some(Lifetime::Endless), _) => None,
            (Some(Lifetime::Unknown) | None, default) => {
                sent.checked_add(Duration::from_secs(default?))
            }
        }
    }

    /// A moment that is told as such, by the conventions.
    fn moment(&mut self, name: &'static str, told: Option<&ExpiresAt>) -> Option<Lifetime> {
        let told = told?;
        let since_1970 =
            |member: &Member<'a>, unit| SystemTime::UNIX_EPOCH.checked_add(duration(member, unit)?);
        let end = self.named(name, &told.name, |member| match told.format {
            ExpiresAtFormat::Seconds => {
                since_1970(member, LifetimeUnit::Seconds).map(Lifetime::Until)
            }
            ExpiresAtFormat::Milliseconds => {
                since_1970(member, LifetimeUnit::Milliseconds).map(Lifetime::Until)
            }
            // The last year that most calendars have stands for no end.
            ExpiresAtFormat::Rfc3339 if member.text()?.trim().starts_with("9999-") => {
                Some(Lifetime::Endless)
            }
            ExpiresAtFormat::Rfc3339 => date(&member.text()?).map(Lifetime::Until),
        })?;
        match end {
            // The year 1 stands for no date in some languages, 1970 in others.
            Lifetime::Until(end) if end <= SystemTime::UNIX_EPOCH => Some(self.zero()),
            end => Some(end),
        }
    }

    /// A lifetime, from `sent` on.
    fn lifetime(&mut self, name: &'static str, sent: SystemTime) -> Option<Lifetime> {
        let unit = self.expected.conventions.lifetime_unit;
        let (lifetime, end, is_nothing) = self.optional(name, |member| {
            let lifetime = duration(member, unit)?;
            let is_nothing = lifetime.is_zero() && member.number() == Some(0.0);
            Some((lifetime, sent.checked_add(lifetime)?, is_nothing))
        })?;
        if !lifetime.is_zero() {
            return Some(Lifetime::Until(end));
        }
        if is_nothing {
            return Some(self.zero());
        }
        self.warn(Warning::ZeroLifetime);
        Some(Lifetime::Unknown)
    }

    fn zero(&mut self) -> Lifetime {
        if self.expected.conventions.zero_lifetime == ZeroLifetime::Never {
            return Lifetime::Endless;
        }
        self.warn(Warning::ZeroLifetime);
        Lifetime::Unknown
    }

    fn scopes(&mut self) -> Option<Vec<String>> {
        let Expected { scopes: requested, delimiter, .. } = self.expected;
        let granted = self.optional("scope", |member| {
            let member = Some(member).filter(|member| member.size() <= VALUE_LIMIT)?;
            let Some(text) = member.text() else { return member.texts() };
            let mut scopes = Vec::new();
            each_scope(&text, delimiter, |scope| scopes.push(scope.to_owned()));
            Some(scopes)
        })?;
        let mut is_narrowed = false;
        for text in requested {
            each_scope(text, delimiter, |scope| {
                is_narrowed |= !granted.iter().any(|granted| granted == scope);
            });
        }
        if is_narrowed {
            self.warn(Warning::NarrowedScope);
        }
        Some(granted)
    }

    /// All that a token has no fields for, where it stood in the answer.
    fn extra(&mut self) -> Map<String, Value> {
        let Expected { conventions, .. } = self.expected;
        let is_standard = |name: &str| match conventions.rename.is_empty() {
            true => STANDARD.contains(&name),
            false => STANDARD.iter().any(|it| theirs(conventions, it) == name),
        };
        let root = first_segment(&conventions.root);

        let mut extra = Map::new();
        let mut room = VALUE_LIMIT;
        for (name, member) in self.answer.iter() {
            let to_token = root.as_ref().filter(|(first, _)| first == name).map(|(_, rest)| rest);
            if root.is_none() && is_standard(name) {
                continue;
            }
            let size = name.len() + member.size();
            let fits = size <= room && !(self.damaged && member.is_damaged());
            match (fits && !is_private(name)).then(|| member.value()).flatten() {
                Some(mut value) if depth(&value) <= MOST_DEPTH => {
                    room -= size;
                    let object = to_token.and_then(|rest| value.pointer_mut(rest)?.as_object_mut());
                    if let Some(object) = object {
                        object.retain(|name, _| !is_standard(name));
                    }
                    extra.insert(name.to_owned(), value);
                }
                _ => self.warnings.push(Warning::DroppedExtra),
            }
        }
        self.warnings.dedup();
        extra
    }

    /// The value of an optional member: `None` if it is missing or null, or, with a warning, if it
    /// cannot be read.
    fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Member<'a>) -> Option<T>,
    ) -> Option<T> {
        self.named(name, theirs(self.expected.conventions, name), read)
    }

    /// The same of a member that the provider calls otherwise.
    fn named<T>(
        &mut self,
        name: &'static str,
        theirs: &str,
        read: impl FnOnce(&Member<'a>) -> Option<T>,
    ) -> Option<T> {
        let member = self.members.one(theirs)?;
        if member.is_some_and(Member::is_null) {
            return None;
        }
        let member = member.filter(|member| !(self.damaged && member.is_damaged()));
        let value = member.and_then(read);
        if value.is_none() {
            self.warn(Warning::Ignored(name));
        }
        value
    }

    pub(super) fn check_content_type(&mut self, content_type: Option<&HeaderValue>) {
        let Some(content_type) = content_type else { return };
        // What nearly all say, seen at a glance.
        if content_type == "application/json" && !self.answer.form_encoded {
            return;
        }
        let text = content_type.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        let fits = if self.answer.form_encoded {
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        } else {
            let subtype = essence.rsplit_once(['/', '+']).map(|(_, subtype)| subtype);
            subtype.is_some_and(|subtype| subtype.eq_ignore_ascii_case("json"))
        };
        if !fits {
            self.warn(Warning::ContentType);
        }
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }
}

/// How long a token lives.
enum Lifetime {
    Until(SystemTime),
    Endless,
    Unknown,
}

impl Lifetime {
    fn end(self) -> Option<SystemTime> {
        match self {
            Self::Until(end) => Some(end),
            Self::Endless | Self::Unknown => None,
        }
    }
}

/// In whole seconds: a fraction of one is no lifetime, and a token may end early but not late.
fn duration(member: &Member<'_>, unit: LifetimeUnit) -> Option<Duration> {
    let number = member.number().filter(|number| *number >= 0.0)?;
    let seconds = match unit {
        LifetimeUnit::Seconds => number,
        LifetimeUnit::Milliseconds => number / 1000.0,
    };
    Duration::try_from_secs_f64(seconds.floor()).ok()
}

fn date(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let without_offset = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>()?);
    text.parse::<Timestamp>().or_else(|_| without_offset()).ok()?.try_into().ok()
}

/// Scopes are separated by white space, and by the delimiter where it is something else.
fn each_scope(text: &str, delimiter: &str, mut each: impl FnMut(&str)) {
    if delimiter.trim().is_empty() {
        text.split_ascii_whitespace().for_each(each);
    } else {
        text.split(delimiter).flat_map(str::split_ascii_whitespace).for_each(&mut each);
    }
}

fn depth(value: &Value) -> usize {
    let within = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + within.unwrap_or(0)
}

/// How deeply a member may be nested. A stored token is read back at up to 127 levels, of which this
/// leaves enough for whatever it is stored in.
const MOST_DEPTH: usize = 64;

/// Whether a header can have the value
/// ([RFC 9110, section 5.5](https://www.rfc-editor.org/rfc/rfc9110#section-5.5)).
fn is_header_value(text: &str) -> bool {
    // To the end, whatever comes: many bytes can then be looked at at once.
    text.bytes().fold(true, |all, byte| all & (byte == b'\t' || !byte.is_ascii_control()))
}

/// The members that a [`Token`] has fields for.
const STANDARD: [&str; 5] = ["access_token", "token_type", "refresh_token", "expires_in", "scope"];
