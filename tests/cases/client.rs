//! The default transport as a case has it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use token_exchanger::{HttpRequest, ReqwestTransport, Sending, Transport};

use crate::case::{Context, Given};
use crate::server::{Reply, Server};

/// Keeps what it was given. A URL that names a port or an address is sent to the server's.
#[derive(Clone)]
pub(crate) struct Watched {
    inner: ReqwestTransport,
    server: SocketAddr,
    handed: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Watched {
    pub(crate) fn new(context: &Context, given: &Given, server: &Server) -> Reply<Self> {
        let inner = client(context, given, server)?;
        Ok(Self { inner, server: server.address, handed: Arc::default() })
    }

    pub(crate) fn handed(&self) -> Vec<HttpRequest> {
        self.handed.lock().expect("no panic").clone()
    }
}

impl Transport for Watched {
    fn send(&self, mut request: HttpRequest) -> Sending<'_> {
        allocation_counter::opt_out(|| {
            self.handed.lock().expect("no panic").push(request.clone());
        });
        let uri = request.uri();
        let to = match (uri.scheme_str(), uri.port()) {
            (Some("http"), _) => Some(self.server.to_string()),
            (_, Some(_)) => uri.host().map(|host| format!("{host}:{}", self.server.port())),
            _ => None,
        };
        if let Some(to) = to {
            let mut parts = uri.clone().into_parts();
            parts.authority = Some(to.parse().expect("an authority"));
            *request.uri_mut() = parts.try_into().expect("a URI");
        }
        self.inner.send(request)
    }
}

/// The client as the case has it, which reaches no host but the case's server.
fn client(context: &Context, given: &Given, server: &Server) -> Reply<ReqwestTransport> {
    let address = Some(server.address).filter(|_| server.has_a_name);
    let mut client = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(Names(address))
        .tls_certs_only([context.authority.root()])
        .connect_timeout(Duration::from_millis(given.config.connect_timeout_ms.unwrap_or(10_000)));
    client = match given.client.as_deref() {
        None => client.no_gzip(),
        Some(client_of) if client_of.contains("gzip switched on") => client,
        Some(other) => return Err(format!("no client is built by `{other}`")),
    };
    if given.config.proxy.is_some() {
        let (proxy, _) = server.proxy.as_ref().ok_or("a proxy is configured, and none answers")?;
        let url = format!("http://user:Pr0xy-Pa55@{proxy}");
        client = client.proxy(reqwest::Proxy::all(url).expect("a proxy"));
    }
    ReqwestTransport::from_builder(client).map_err(|error| error.to_string())
}

/// Resolves every name to one address, or none.
struct Names(Option<SocketAddr>);

impl Resolve for Names {
    fn resolve(&self, _name: Name) -> Resolving {
        let address = self.0;
        Box::pin(async move {
            let address = address.ok_or("no such host")?;
            Ok(Box::new(std::iter::once(address)) as Addrs)
        })
    }
}
