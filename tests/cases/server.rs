//! The server of one case: it answers as the case says, over real connections.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};
use token_exchanger::{Flavor, HttpRequest};

use crate::case::{Answer, Context, Given};
use crate::faults::{self, FullPort, Proxy};
use crate::generated::Generated;
use crate::names;
use crate::tls::Shown;
use crate::wire::{Step, WireServer};

/// What the client is to reach, and how many requests reached it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// `false`: its name does not resolve.
    pub(crate) has_a_name: bool,
    pub(crate) proxy: Option<Proxy>,
    origin: Option<WireServer>,
    /// A server has not seen what it refused unread.
    refuses_unread: bool,
    full: Option<FullPort>,
}

impl Server {
    pub(crate) fn start(context: &Context, given: &Given, tls_host: Option<&str>) -> Reply<Self> {
        let answers = &given.server;
        let is_fault = |answer: &Answer| {
            answer.connect.is_some() || answer.tls.is_some() || answer.h2.is_some()
        };
        if answers.iter().skip(1).any(is_fault) && !is_fault(&answers[0]) {
            return Err("a connection fails from the beginning or not at all".to_owned());
        }
        if let Some(fault) = answers.iter().find_map(|answer| answer.connect.as_deref()) {
            let mut server = Self::new(([127, 0, 0, 1], 9).into());
            match fault {
                "nxdomain" | "servfail" | "dns" | "dns_failure" => server.has_a_name = false,
                "refused" => server.address = faults::closed_port(),
                "blackhole" | "timeout" => {
                    let full = faults::full_port();
                    server.address = full.0.local_addr().expect("an address");
                    server.full = Some(full);
                }
                other => return Err(format!("no server can fail to connect by `{other}`")),
            }
            return Ok(server);
        }
        if let Some(fault) = answers.iter().find_map(|answer| answer.tls.as_deref()) {
            return faults::tls(context, fault, tls_host.unwrap_or_default()).map(Self::of);
        }
        let h2 = answers.iter().find_map(|answer| answer.h2.as_deref());
        let protocols = if h2.is_some() { vec!["h2"] } else { vec!["http/1.1"] };
        let acceptor =
            tls_host.map(|host| context.authority.acceptor(host, Shown::Good, &protocols));
        if let Some(fault) = h2 {
            let acceptor = acceptor.ok_or("HTTP/2 needs an https URL")?;
            let end = if fault == "goaway_processed" { Step::Close } else { Step::Hang };
            let script = vec![Step::ReadHttp2, faults::h2(fault)?, end];
            let mut server = Self::of(WireServer::start_tls(acceptor, vec![script]));
            server.refuses_unread = ["goaway_unprocessed", "refused_stream"].contains(&fault);
            return Ok(server);
        }
        let proxy = answers.iter().find_map(|answer| answer.proxy.as_ref());
        let proxy = proxy.map(faults::proxy).transpose()?;
        let answers = given.server.iter().map(Prepared::new).collect::<Reply<Vec<_>>>()?;
        let turn = Mutex::new(vec![false; answers.len()]);
        let repeat_last = given.repeat_last;
        let origin = WireServer::answering(
            acceptor,
            Arc::new(move |request| {
                let mut used = turn.lock().expect("no panic");
                pick(&answers, &mut used, request, repeat_last)
                    .map_or_else(|| vec![Step::Close], |answer| answer.steps.clone())
            }),
        );
        let mut server = Self::of(origin);
        server.proxy = proxy;
        Ok(server)
    }

    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            has_a_name: true,
            proxy: None,
            origin: None,
            refuses_unread: false,
            full: None,
        }
    }

    fn of(origin: WireServer) -> Self {
        let address = origin.address;
        Self { origin: Some(origin), ..Self::new(address) }
    }

    /// The requests that were seen, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        let origin = self.origin.as_ref().filter(|_| !self.refuses_unread);
        origin.map(WireServer::requests).unwrap_or_default()
    }

    /// Connections that are still open.
    pub(crate) fn open(&self) -> usize {
        self.origin.as_ref().map_or(0, WireServer::open)
    }
}

/// Or why the case cannot be played.
pub(crate) type Reply<T> = Result<T, String>;

/// An answer and the steps that it takes.
struct Prepared {
    answer: Answer,
    steps: Vec<Step>,
}

impl Prepared {
    fn new(answer: &Answer) -> Reply<Self> {
        let steps = match &answer.wire {
            Some(wire) => wire_steps(wire)?,
            None => vec![Step::Send(http(answer)?)],
        };
        for key in answer.when.iter().flatten().map(|(key, _)| key.as_str()) {
            if !["content_type", "flavor"].contains(&key) {
                return Err(format!("no request can be told by its `{key}`"));
            }
        }
        Ok(Self { answer: answer.clone(), steps })
    }

    fn fits(&self, request: &str) -> bool {
        self.answer.when.iter().flatten().all(|(key, value)| match key.as_str() {
            "content_type" => header(request, "content-type") == Some(value),
            _ => flavor(request).is_some_and(|flavor| match value.strip_suffix('*') {
                Some(beginning) => names::short(flavor).starts_with(beginning),
                None => names::flavor(value) == Some(flavor),
            }),
        })
    }
}

/// The first that fits: one with a condition any number of times, one without only once.
fn pick<'a>(
    answers: &'a [Prepared],
    used: &mut [bool],
    request: &str,
    repeat_last: bool,
) -> Option<&'a Prepared> {
    let conditional = |answer: &Prepared| answer.answer.when.is_some();
    let fitting = answers
        .iter()
        .zip(used)
        .find(|(answer, used)| if conditional(answer) { answer.fits(request) } else { !**used });
    if let Some((answer, used)) = fitting {
        *used = true;
        return Some(answer);
    }
    answers.iter().rfind(|answer| !conditional(answer)).filter(|_| repeat_last)
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let lines = request.lines().take_while(|line| !line.is_empty());
    let mut headers = lines.filter_map(|line| line.split_once(": "));
    headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn flavor(request: &str) -> Option<Flavor> {
    let (_, body) = request.split_once("\r\n\r\n")?;
    let mut rebuilt = HttpRequest::new(body.into());
    if let Some(value) = header(request, "authorization") {
        rebuilt.headers_mut().insert("authorization", value.parse().ok()?);
    }
    Flavor::of(&rebuilt)
}

fn http(answer: &Answer) -> Reply<Vec<u8>> {
    let body = match answer {
        Answer { body: Some(body), .. } => body.clone().into_bytes(),
        Answer { body_base64: Some(body), .. } => base64(body)?,
        Answer { body_gen: Some(body), .. } => body.text().into_bytes(),
        Answer { body_gzip_of: Some(body), .. } => gzip(body),
        _ => Vec::new(),
    };
    let status = answer.status.unwrap_or(200);
    let mut head = format!("HTTP/1.1 {status} Answer\r\n");
    for (name, value) in &answer.headers {
        head += &format!("{name}: {}\r\n", moment(value));
    }
    if status != 204 && status != 304 {
        head += &format!("content-length: {}\r\n", body.len());
    }
    Ok([head.as_bytes(), b"\r\n", &body].concat())
}

/// `<IMF-fixdate now+2s>` is the moment two seconds from now.
fn moment(value: &str) -> String {
    let seconds = value.strip_prefix("<IMF-fixdate now+").and_then(|it| it.strip_suffix("s>"));
    match seconds.and_then(|seconds| seconds.parse().ok()) {
        Some(seconds) => httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds)),
        None => value.to_owned(),
    }
}

fn base64(text: &str) -> Reply<Vec<u8>> {
    STANDARD.decode(text).map_err(|error| format!("base64: {error}"))
}

/// A gzip of any length: what stands in it over and over is compressed once for many times.
fn gzip(body: &Generated) -> Vec<u8> {
    use flate2::{Compress, Compression, Crc, FlushCompress};

    const MANY: usize = 4096;
    let compressed = |text: &str, flush| {
        let mut bytes = Vec::with_capacity(text.len() + 1024);
        let mut compress = Compress::new(Compression::best(), false);
        compress.compress_vec(text.as_bytes(), &mut bytes, flush).expect("room enough");
        bytes
    };
    let mut crc = Crc::new();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for (text, times) in body.parts() {
        for (length, count) in [(MANY, times / MANY), (times % MANY, 1)] {
            if text.is_empty() || length * count == 0 {
                continue;
            }
            let text = text.repeat(length);
            let block = compressed(&text, FlushCompress::Full);
            let mut block_crc = Crc::new();
            block_crc.update(text.as_bytes());
            for _ in 0..count {
                out.write_all(&block).expect("a Vec takes all");
                crc.combine(&block_crc);
            }
        }
    }
    out.extend(compressed("", FlushCompress::Finish));
    out.extend(crc.sum().to_le_bytes());
    out.extend(crc.amount().to_le_bytes());
    out
}

fn wire_steps(wire: &[Map<String, Value>]) -> Reply<Vec<Step>> {
    let mut steps = Vec::new();
    // The first request has been read: it is what the answer was picked for.
    let mut has_read = false;
    for (name, value) in wire.iter().flatten() {
        let text = || value.as_str().unwrap_or_default().as_bytes().to_vec();
        let millis = |value: &Value| Duration::from_millis(value.as_u64().unwrap_or_default());
        steps.push(match name.as_str() {
            "read_request" if !has_read => {
                has_read = true;
                continue;
            }
            "read_request" => Step::Read,
            "send" => Step::Send(text()),
            "send_base64" => Step::Send(base64(value.as_str().unwrap_or_default())?),
            "send_gen" => {
                let generated = Generated::deserialize(value).map_err(|it| it.to_string())?;
                Step::Send(generated.text().into_bytes())
            }
            "chunked" => Step::Send(chunked(value)?),
            "drip" => {
                let drip = Drip::deserialize(value).map_err(|it| it.to_string())?;
                let (text, pause) = (drip.text.into_bytes(), Duration::from_millis(drip.every_ms));
                let Some(times) = drip.times else {
                    steps.push(Step::Drip(vec![text], pause));
                    continue;
                };
                let drops = std::iter::repeat_n([Step::Send(text), Step::Wait(pause)], times);
                steps.extend(drops.flatten());
                continue;
            }
            "sleep_ms" => Step::Wait(millis(value)),
            "hang" => Step::Hang,
            "close" => Step::Close,
            "reset" => Step::Reset,
            other => return Err(format!("`{other}` is no step of a wire")),
        });
    }
    Ok(steps)
}

/// A text that is sent again and again: so many times, or for ever.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drip {
    #[serde(alias = "byte")]
    text: String,
    every_ms: u64,
    #[serde(alias = "count")]
    times: Option<usize>,
}

/// A body in chunks of so many bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunked {
    body: String,
    size: Option<usize>,
}

/// The chunks, without the last, empty one.
fn chunked(value: &Value) -> Reply<Vec<u8>> {
    let Chunked { body, size } = Chunked::deserialize(value).map_err(|it| it.to_string())?;
    let chunk =
        |chunk: &[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
    let size = size.unwrap_or(body.len()).max(1);
    Ok(body.as_bytes().chunks(size).flat_map(chunk).collect())
}
