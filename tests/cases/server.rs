//! The server of one case: it answers as the case says, over real connections.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use token_exchanger::{Flavor, HttpRequest};
use tokio::net::TcpSocket;

use crate::case::{Answer, Context, Generated, Given};
use crate::names;
use crate::tls::Shown;
use crate::wire::{Step, WireServer};

/// What the client is to reach, and how many requests reached it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// `false`: its name does not resolve.
    pub(crate) has_a_name: bool,
    pub(crate) proxy: Option<WireServer>,
    origin: Option<WireServer>,
    /// A server has not seen what it refused unread.
    refuses_unread: bool,
    full: Option<FullPort>,
}

/// A port that takes no connection and refuses none: these fill its queue.
type FullPort = (TcpListener, Vec<TcpStream>);

impl Server {
    pub(crate) fn start(context: &Context, given: &Given, tls_host: Option<&str>) -> Reply<Self> {
        let answers = &given.server;
        let mut server = Self::new(([127, 0, 0, 1], 9).into());
        if let Some(fault) = answers.iter().find_map(|answer| answer.connect.as_deref()) {
            match fault {
                "nxdomain" | "dns_failure" => server.has_a_name = false,
                "refused" => server.address = closed_port(),
                "blackhole" | "timeout" => {
                    let full = full_port();
                    server.address = full.0.local_addr().expect("an address");
                    server.full = Some(full);
                }
                other => return Err(format!("no server can fail to connect by `{other}`")),
            }
            return Ok(server);
        }
        if let Some(fault) = answers.iter().find_map(|answer| answer.tls.as_deref()) {
            return tls_fault(context, fault, tls_host.unwrap_or_default()).map(Self::of);
        }
        let h2 = answers.iter().find_map(|answer| answer.h2.as_deref());
        let protocols = if h2.is_some() { vec!["h2"] } else { vec!["http/1.1"] };
        let acceptor =
            tls_host.map(|host| context.authority.acceptor(host, Shown::Good, &protocols));
        if let Some(fault) = h2 {
            let acceptor = acceptor.ok_or("HTTP/2 needs an https URL")?;
            let end = if fault == "goaway_processed" { Step::Close } else { Step::Hang };
            let script = vec![Step::ReadHttp2, h2_fault(fault)?, end];
            let mut server = Self::of(WireServer::start_tls(acceptor, vec![script]));
            server.refuses_unread = ["goaway_unprocessed", "refused_stream"].contains(&fault);
            return Ok(server);
        }
        let proxy = answers.iter().find_map(|answer| answer.proxy.as_ref());
        let proxy = proxy.map(proxy_steps).transpose()?;
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
        server.proxy = proxy.map(|steps| WireServer::start(vec![steps]));
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

/// A gzip of any length, made of one block over and over.
fn gzip(body: &Generated) -> Vec<u8> {
    use flate2::{Compress, Compression, Crc, FlushCompress};

    let unit = body.repeat.repeat(4096);
    let (units, rest) = (body.times / 4096, body.repeat.repeat(body.times % 4096));
    let compressed = |text: &str, flush| {
        let mut bytes = Vec::with_capacity(text.len() + 1024);
        let mut compress = Compress::new(Compression::best(), false);
        compress.compress_vec(text.as_bytes(), &mut bytes, flush).expect("room enough");
        bytes
    };
    let mut crc = Crc::new();
    let mut unit_crc = Crc::new();
    unit_crc.update(unit.as_bytes());
    let block = compressed(&unit, FlushCompress::Full);
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for _ in 0..units {
        out.write_all(&block).expect("a Vec takes all");
        crc.combine(&unit_crc);
    }
    out.extend(compressed(&rest, FlushCompress::Finish));
    let mut rest_crc = Crc::new();
    rest_crc.update(rest.as_bytes());
    crc.combine(&rest_crc);
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
            "chunked" => Step::Send(chunked(value)),
            "drip" => {
                let text = value["byte"].as_str().or(value["text"].as_str()).unwrap_or(" ");
                Step::Drip(vec![text.into()], millis(&value["every_ms"]))
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

/// The chunks, without the last, empty one.
fn chunked(value: &Value) -> Vec<u8> {
    let body = value["body"].as_str().unwrap_or_default().as_bytes();
    let size = value["size"].as_u64().and_then(|size| size.try_into().ok()).unwrap_or(body.len());
    let chunk =
        |chunk: &[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
    body.chunks(size.max(1)).flat_map(chunk).collect()
}

fn tls_fault(context: &Context, fault: &str, host: &str) -> Reply<WireServer> {
    let is = |names: &[&str]| names.iter().any(|name| fault.contains(name));
    let shown = if is(&["self", "untrusted", "unknown"]) {
        Shown::SelfSigned
    } else if is(&["expired"]) {
        Shown::Expired
    } else if is(&["not_yet", "future"]) {
        Shown::NotYetValid
    } else if is(&["name", "host"]) {
        Shown::WrongName
    } else {
        // What a server sends to a client that offers no version that it has.
        let protocol_version_alert = vec![0x15, 3, 2, 0, 2, 2, 70];
        let step = if is(&["tls1.", "ssl"]) {
            Step::Send(protocol_version_alert)
        } else if is(&["plain"]) {
            Step::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())
        } else if is(&["garbage"]) {
            Step::Send(vec![0xff; 300])
        } else if is(&["close", "eof"]) {
            Step::Close
        } else if is(&["reset"]) {
            Step::Reset
        } else if is(&["hang", "stall", "silent"]) {
            Step::Hang
        } else {
            return Err(format!("no TLS can fail by `{fault}`"));
        };
        return Ok(WireServer::start(vec![vec![step]]));
    };
    let acceptor = context.authority.acceptor(host, shown, &["http/1.1"]);
    Ok(WireServer::start_tls(acceptor, vec![vec![Step::Read]]))
}

/// What a server sends in HTTP/2 in answer to the request in stream 1.
fn h2_fault(fault: &str) -> Reply<Step> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let reset = |reason: u8| [&[0, 0, 4, 3, 0, 0, 0, 0, 1][..], &[0, 0, 0, reason]].concat();
    let go_away =
        |last: u8| [&[0, 0, 8, 7, 0, 0, 0, 0, 0][..], &[0, 0, 0, last], &[0, 0, 0, 0]].concat();
    let frame = match fault {
        "goaway_unprocessed" => go_away(0),
        "goaway_processed" => go_away(1),
        "refused_stream" => reset(7),
        "continuation_flood" => {
            // The same field again and again, in frames that never end the headers.
            let fields = [&[0, 1, b'x', 1][..], b"y"].concat().repeat(1000);
            let length = u16::try_from(fields.len()).expect("a small frame").to_be_bytes();
            let frame =
                |kind: u8| [&[0, length[0], length[1], kind, 0, 0, 0, 0, 1][..], &fields].concat();
            let (headers, continuation) = (1, 9);
            [frame(headers), frame(continuation).repeat(4000)].concat()
        }
        "ping_flood" => [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], &[0; 8]].concat().repeat(100_000),
        "settings_flood" => SETTINGS.repeat(100_000),
        rst => {
            let reasons = [
                "no_error",
                "protocol",
                "internal",
                "flow_control",
                "settings_timeout",
                "stream_closed",
                "frame_size",
                "refused",
                "cancel",
                "compression",
                "connect",
                "enhance_your_calm",
                "inadequate_security",
                "http_1_1_required",
            ];
            let name = rst.strip_prefix("rst_").unwrap_or_default();
            let reason =
                reasons.iter().position(|reason| !name.is_empty() && name.starts_with(reason));
            let reason = reason.ok_or_else(|| format!("no HTTP/2 can fail by `{rst}`"))?;
            reset(u8::try_from(reason).expect("a few"))
        }
    };
    Ok(Step::Send([&SETTINGS[..], &frame].concat()))
}

/// How a proxy answers: with a status, or not at all.
fn proxy_steps(answer: &Value) -> Reply<Vec<Step>> {
    match (answer.as_u64(), answer.as_str()) {
        (Some(status), _) => {
            let head = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n");
            Ok(vec![Step::Read, Step::Send(head.into())])
        }
        (_, Some("close")) => Ok(vec![Step::Read, Step::Close]),
        (_, Some("hang")) => Ok(vec![Step::Read, Step::Hang]),
        (_, Some("reset")) => Ok(vec![Step::Read, Step::Reset]),
        _ => Err(format!("no proxy answers by {answer}")),
    }
}

fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn full_port() -> FullPort {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(1).and_then(|listener| listener.into_std());
        let listener = listener.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let patience = Duration::from_millis(100);
        let filling = std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok());
        let filling = filling.collect();
        (listener, filling)
    })
}
