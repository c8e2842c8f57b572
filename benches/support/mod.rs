//! What both benches measure: an exchange by this crate, by bare reqwest and by oauth2, and the
//! provider that answers all three.

pub(crate) mod exchange;
pub(crate) mod provider;

/// What each of them sends: 177 bytes of form.
pub(crate) const ID: &str = "my-client-id";
/// Its `/` and `+` set the encoded header apart from the raw one.
pub(crate) const SECRET: &str = "my-client/secret+";
pub(crate) const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA-some-code-35";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const REDIRECT_URI: &str = "https://my.example/callback";

/// What each of them must bring back.
pub(crate) const ACCESS_TOKEN: &str = "some-access-token-of-40-characters-9876";
pub(crate) const TOKEN: &str = r#"{"access_token":"some-access-token-of-40-characters-9876","token_type":"Bearer","expires_in":3600,"refresh_token":"some-refresh-token-of-40-characters-123"}"#;
pub(crate) const REFUSAL: &str =
    r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#;
