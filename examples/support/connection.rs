//! The options that say how a client is connected to its provider.

use std::error::Error;

use token_exchanger::{
    AuthorizationCode, CodeVerifier, Conventions, Flavor, Policy, TokenExchanger,
    TokenExchangerBuilder,
};

use super::json::complaint;

/// A client at its provider, and the code that it got.
#[derive(Default)]
pub(crate) struct Connection {
    pub(crate) params: Vec<(String, String)>,
    token_url: String,
    client_id: String,
    code: String,
    redirect_uri: String,
    scopes: Vec<String>,
    verifier: Option<CodeVerifier>,
    policy: Policy,
    flavors: Vec<Flavor>,
    pub(crate) conventions: Conventions,
}

impl Connection {
    /// Takes one of its options; `false` if there is none of this name.
    pub(crate) fn set(&mut self, name: &str, value: String) -> Result<bool, Box<dyn Error>> {
        match name {
            "token-url" => self.token_url = value,
            "client-id" => self.client_id = value,
            "code" => self.code = value,
            "redirect-uri" => self.redirect_uri = value,
            "scope" => self.scopes.push(value),
            "code-verifier" => self.verifier = Some(CodeVerifier::parse(&value)?),
            "param" => {
                let (name, value) = value.split_once('=').ok_or("--param wants NAME=VALUE")?;
                self.params.push((name.to_owned(), value.to_owned()));
            }
            "policy" => {
                self.policy = match &*value {
                    "exhaustive" => Policy::Exhaustive,
                    "careful" => Policy::Careful,
                    _ => return Err("--policy is exhaustive or careful".into()),
                }
            }
            "flavor" => self.flavors.push(value.parse()?),
            "conventions" => {
                let text = std::fs::read_to_string(value)
                    .map_err(|error| format!("--conventions cannot be read: {}", error.kind()))?;
                self.conventions = serde_json::from_str(&text).map_err(|error| {
                    format!("--conventions is no JSON of Conventions: {}", complaint(&error))
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// All but the parameters. The secret is read from the environment.
    pub(crate) fn builder(&self) -> Result<TokenExchangerBuilder, Box<dyn Error>> {
        let required = [("token-url", &self.token_url), ("client-id", &self.client_id)];
        if let Some((name, _)) = required.iter().find(|(_, value)| value.is_empty()) {
            return Err(format!("--{name} is missing").into());
        }
        let mut builder = TokenExchanger::builder(&self.client_id, &self.token_url)
            .redirect_uri(&self.redirect_uri)
            .scopes(&self.scopes)
            .policy(self.policy)
            .conventions(self.conventions.clone());
        if let Some(secret) = std::env::var_os("CLIENT_SECRET") {
            builder = builder
                .client_secret(secret.into_string().map_err(|_| "CLIENT_SECRET is not UTF-8")?);
        }
        if !self.flavors.is_empty() {
            builder = builder.flavors(self.flavors.iter().copied());
        }
        Ok(builder)
    }

    /// The code with its verifier, if there is one.
    pub(crate) fn code(&self) -> Option<AuthorizationCode> {
        if self.code.is_empty() {
            return None;
        }
        let code = AuthorizationCode::unchecked(&*self.code);
        Some(match &self.verifier {
            Some(verifier) => code.verifier(verifier.clone()),
            None => code,
        })
    }
}
