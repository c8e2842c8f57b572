//! The one place that maps the names of the cases to ours.

use token_exchanger::{
    ApplyError, CallErrorKind, CallbackError, CodeFate, ConfigError, Flavor, TransportErrorKind,
    Warning,
};

/// The name that the cases have for the kind of an error.
pub(crate) fn kind(kind: &CallErrorKind) -> String {
    match kind {
        CallErrorKind::Refused(_) => "Refused",
        CallErrorKind::NoFlavorAccepted => "NoFlavorAccepted",
        CallErrorKind::WrongEndpoint(_) => "WrongEndpoint",
        CallErrorKind::Unavailable { .. } => "Unavailable",
        CallErrorKind::Redirected { .. } => "Redirected",
        CallErrorKind::Unreadable(_) => "Unreadable",
        CallErrorKind::Transport(error) => match error.kind() {
            TransportErrorKind::Connect => "Transport:Connect",
            TransportErrorKind::Timeout => "Transport:Timeout",
            TransportErrorKind::Interrupted => "Transport:Interrupted",
            TransportErrorKind::TooLarge => "Transport:TooLarge",
            TransportErrorKind::Unplugged => "Transport:Unplugged",
            other => return format!("Transport:{other:?}"),
        },
        other => return format!("{other:?}"),
    }
    .to_owned()
}

/// The names that the cases have for an error of the configuration.
pub(crate) fn config(error: &ConfigError) -> &'static [&'static str] {
    match error {
        ConfigError::InvalidUrl { .. } => &["Config:InvalidUrl"],
        ConfigError::UnsupportedScheme { .. } => &["Config:UnsupportedScheme"],
        ConfigError::InsecureUrl { .. } => &["Config:InsecureUrl"],
        ConfigError::UserinfoInUrl { .. } => &["Config:UserinfoInUrl"],
        ConfigError::FragmentInUrl { .. } => &["Config:FragmentInUrl"],
        ConfigError::InvalidRedirectUri => &["Config:InvalidRedirectUri"],
        ConfigError::EmptyClientId => &["Config:EmptyClientId"],
        ConfigError::SurroundingWhitespace { .. } => {
            &["Config:SurroundingWhitespace", "Config:Whitespace", "Config:InvalidCredentials"]
        }
        ConfigError::TooLong { .. } => &["Config:InputTooLong", "Config:TooLong"],
        ConfigError::SecretNeeded { .. } => &["Config:SecretNeeded", "Config:MissingSecret"],
        ConfigError::NoFlavor => &["Config:NoFlavor", "Config:NoFlavors"],
        ConfigError::Zero { .. } => &["Config:Zero"],
        ConfigError::Transport(_) => &["Config:Transport"],
        ConfigError::InvalidHeader { .. } => &["Config:InvalidHeader"],
        ConfigError::ReservedHeader { .. } => &["Config:ReservedHeader"],
        ConfigError::DuplicateParameter { .. } => REPEATED_PARAMETER,
        ConfigError::UnknownParameter { .. } => &["Config:UnknownParameter"],
        ConfigError::UnknownPlaceholder { .. } => {
            &["Config:UnknownPlaceholder", "Config:InvalidTemplate", "Config:InvalidConvention"]
        }
        ConfigError::InvalidConvention { .. } => &["Config:InvalidConvention"],
        _ => &["Config:?"],
    }
}

/// The name that the cases have for an error of a verifier.
pub(crate) const INVALID_VERIFIER: &str = "Config:InvalidVerifier";

/// The name that the cases have for a refresh of a token that cannot be refreshed.
pub(crate) const NOT_REFRESHABLE: &[&str] = &["NotRefreshable"];

/// The names that the cases have for what needs a URL that is not configured.
pub(crate) const MISSING_ENDPOINT: &[&str] = &["Config:MissingEndpoint", "MissingEndpoint"];

pub(crate) const REPEATED_PARAMETER: &[&str] = &["Config:DuplicateParameter"];

/// As the library calls it where the two differ in case.
pub(crate) const REPEATED_HEADER: &[&str] = &["Config:InvalidHeader"];

/// The names that the cases have for a callback that is not accepted.
pub(crate) fn callback(error: &CallbackError) -> &'static str {
    match error {
        CallbackError::StateMismatch => "Callback:StateMismatch",
        CallbackError::MissingState => "Callback:MissingState",
        CallbackError::Denied(_) => "Callback:Denied",
        CallbackError::MissingCode => "Callback:MissingCode",
        CallbackError::Repeated(_) => "Callback:Repeated",
        CallbackError::IssuerMismatch => "Callback:IssuerMismatch",
        CallbackError::MissingIssuer => "Callback:MissingIssuer",
        CallbackError::Malformed => "Callback:Malformed",
        _ => "Callback:?",
    }
}

/// The names that the cases have for a token that is not put into a request.
pub(crate) fn apply(error: ApplyError) -> &'static str {
    match error {
        ApplyError::UnsupportedType => "Apply:UnsupportedType",
        ApplyError::InsecureUrl => "Apply:InsecureUrl",
        ApplyError::AlreadyAuthorized => "Apply:AlreadyAuthorized",
        ApplyError::NotAHeaderValue => "Apply:NotAHeaderValue",
        ApplyError::UrlTooLong => "Apply:UrlTooLong",
        _ => "Apply:?",
    }
}

pub(crate) fn fate(fate: CodeFate) -> &'static str {
    match fate {
        CodeFate::Unsent => "unsent",
        CodeFate::ProbablyLive => "probably_live",
        CodeFate::Unknown => "unknown",
        CodeFate::Spent => "spent",
    }
}

/// Whether the warning is the one that a case means. The names are proposals: one that we do not
/// know stands for any.
pub(crate) fn is_warning(name: &str, warning: &Warning) -> bool {
    match name {
        "ByteOrderMark" => *warning == Warning::ByteOrderMark,
        "ContentType" => *warning == Warning::ContentType,
        "TokenTypeMissing" => *warning == Warning::MissingTokenType,
        "UnknownTokenType" => *warning == Warning::UnknownTokenType,
        "BadTokenType" => *warning == Warning::Ignored("token_type"),
        "token_type" => {
            [Warning::MissingTokenType, Warning::Ignored("token_type")].contains(warning)
        }
        "ZeroExpiresIn" => *warning == Warning::ZeroLifetime,
        "BadExpiresIn" | "expires_in" => *warning == Warning::Ignored("expires_in"),
        "EmptyRefreshToken" | "refresh_token" => *warning == Warning::Ignored("refresh_token"),
        "BadScope" | "scope" => *warning == Warning::Ignored("scope"),
        "ScopeNarrowed" => *warning == Warning::NarrowedScope,
        "access_token" => *warning == Warning::NotAHeaderValue,
        "RefreshTokenIgnored" => *warning == Warning::RefreshTokenIgnored,
        "ExtraDropped" => *warning == Warning::DroppedExtra,
        _ => true,
    }
}

/// A flavor by its name in the fault cases, in the vectors, or ours.
pub(crate) fn flavor(name: &str) -> Option<Flavor> {
    let ours = match name {
        "he_form" | "basic-encoded-form" => "basic+form",
        "he_json" | "basic-encoded-json" => "basic+json",
        "b_form" | "body-form" => "body+form",
        "b_json" | "body-json" => "body+json",
        "hr_form" | "basic-raw-form" => "basic-raw+form",
        "hr_json" | "basic-raw-json" => "basic-raw+json",
        "public-form" => "none+form",
        "public-json" => "none+json",
        ours => ours,
    };
    ours.parse().ok()
}

/// A flavor's name in the fault cases.
pub(crate) fn short(flavor: Flavor) -> &'static str {
    match flavor.to_string().as_str() {
        "basic+form" => "he_form",
        "basic+json" => "he_json",
        "body+form" => "b_form",
        "body+json" => "b_json",
        "basic-raw+form" => "hr_form",
        "basic-raw+json" => "hr_json",
        "none+form" => "n_form",
        _ => "n_json",
    }
}
