//! The same over a synchronous HTTP client, without an async runtime.
//!
//! `cargo run --example blocking`

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use token_exchanger::{
    AuthorizationCode, HttpRequest, HttpResponse, TokenExchanger, TransportError,
    TransportErrorKind, body_limit, from_fn,
};

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let token_url = format!("http://{}/oauth2/token", listener.local_addr()?);
    thread::spawn(move || listener.incoming().flatten().try_for_each(provide));

    let exchanger = TokenExchanger::builder("my-client-id", token_url)
        .client_secret("my-client-secret")
        .transport(from_fn(async |_| unreachable!("every call is sent with send_blocking")))
        .build()?;
    let client = client();

    let call = exchanger.exchange(AuthorizationCode::unchecked("some-unique-auth-code"));
    let issued = call.send_blocking(|request| send(&client, request))?;

    for attempt in &issued.attempts {
        println!("{attempt}");
    }
    println!("{:?}", issued.token);
    Ok(())
}

/// A client that keeps the rules of a transport: no redirects, a time limit, every status an answer.
fn client() -> ureq::Agent {
    ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

fn send(client: &ureq::Agent, request: HttpRequest) -> Result<HttpResponse, TransportError> {
    let mut answer = client.run(request).map_err(unanswered)?;
    let limit = body_limit(answer.status()) as u64;
    // One byte more than the limit tells the call that there is more.
    let mut body = Vec::new();
    answer.body_mut().as_reader().take(limit + 1).read_to_end(&mut body).map_err(broken)?;
    Ok(answer.map(|_| body))
}

fn unanswered(error: ureq::Error) -> TransportError {
    let kind = match &error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::Tls(_) => {
            TransportErrorKind::Connect
        }
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            TransportErrorKind::Connect
        }
        ureq::Error::Timeout(_) => TransportErrorKind::Timeout,
        _ => TransportErrorKind::Interrupted,
    };
    TransportError::new(kind, error)
}

fn broken(error: std::io::Error) -> TransportError {
    TransportError::new(TransportErrorKind::Interrupted, error)
}

/// A provider that wants id and secret in a JSON body, one request a connection.
fn provide(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.to_lowercase().trim().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap_or(0),
            Some(_) => {}
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let accepted = body.starts_with(br#"{"client_id":"my-client-id","client_secret":"#);
    let (status, body) = if accepted {
        ("200 OK", r#"{"access_token":"some-access-token","token_type":"Bearer"}"#)
    } else {
        ("401 Unauthorized", r#"{"error":"invalid_client"}"#)
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
