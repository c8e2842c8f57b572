//! How a refresh token is asked for.

/// Whether asking for the scope asks for a refresh token.
pub(super) fn is_scope(scope: &str) -> bool {
    let scope = scope.to_ascii_lowercase();
    let words = scope.split([' ', ',', '/', ':', '.']);
    words.into_iter().any(|word| {
        matches!(word, "offline" | "offline_access" | "refresh_token" | "offline-access")
    })
}

/// Whether the parameter of an authorization URL asks for a refresh token.
pub(super) fn is_parameter(name: &str, value: &str) -> bool {
    name.contains("access_type") && value.eq_ignore_ascii_case("offline")
        || name == "duration" && value.eq_ignore_ascii_case("permanent")
        || is_scope(value) && name.contains("scope")
}

pub(super) const REMEDY: &str = "add the scope offline_access (some call it offline or \
    refresh_token), or the parameter that the provider wants in the authorization URL, such as \
    access_type=offline (conventions.authorization.params), and let the user authorize again; some \
    providers give one only where it is switched on in their console";
