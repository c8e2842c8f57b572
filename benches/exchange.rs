//! How long an exchange takes, side by side with bare reqwest, which is the limit, and with oauth2.
//!
//! `taskset --cpu-list 0 cargo bench --bench exchange`: across two cores, most of an exchange is
//! waiting for the other one to wake up. What repeats on a busy machine is in the bench `cost`.

use std::sync::Arc;
use std::time::SystemTime;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use token_exchanger::{Call, Flavor, HttpResponse, Issued};
use tokio::runtime::Runtime;

use self::support::exchange::{
    Bare, Exchange, Oauth2, call, default_transport, exchanger, no_transport,
};
use self::support::{REFUSAL, TOKEN, provider};

mod support;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    // One for all: a connection is of no use outside the runtime that it was made in.
    let runtime = provider::runtime();
    loopback(&mut criterion, &runtime);
    memory(&mut criterion, &runtime);
    six_flavors(&mut criterion, &runtime);
    encode(&mut criterion);
    decode(&mut criterion);
    criterion.final_summary();
}

/// One exchange over a connection that is kept.
fn loopback(criterion: &mut Criterion, runtime: &Runtime) {
    let url = url("/token");
    let mut group = criterion.benchmark_group("loopback");
    let ours = Exchange::Ours(exchanger(&url, default_transport()));
    time(runtime, &mut group, "token-exchanger", &ours);
    time(runtime, &mut group, "bare reqwest", &bare(&url, &[Flavor::BASIC_FORM]));
    time(runtime, &mut group, "oauth2", &Exchange::Oauth2(Arc::new(Oauth2::new(&url))));
}

/// One exchange without its network.
fn memory(criterion: &mut Criterion, runtime: &Runtime) {
    let mut group = criterion.benchmark_group("memory");
    let ours = Exchange::OursInMemory(exchanger(URL, no_transport()));
    time(runtime, &mut group, "token-exchanger", &ours);
    time(runtime, &mut group, "oauth2", &Exchange::Oauth2InMemory(Arc::new(Oauth2::new(URL))));
}

/// The last of the six flavors is the one that is accepted.
fn six_flavors(criterion: &mut Criterion, runtime: &Runtime) {
    let url = url("/sixth");
    let transport = default_transport();
    // One that has learned would send a single request.
    let fresh = || Exchange::Ours(exchanger(&url, transport.clone()));
    let mut group = criterion.benchmark_group("six flavors");
    group.bench_function("token-exchanger", |bencher| {
        let make = async |exchange: Exchange| exchange.make().await;
        bencher.to_async(runtime).iter_batched(fresh, make, BatchSize::SmallInput);
    });
    time(runtime, &mut group, "bare reqwest", &bare(&url, &Flavor::ALL));
    time(runtime, &mut group, "token-exchanger, remembered", &fresh());
    time(runtime, &mut group, "bare reqwest, the sixth alone", &bare(&url, &Flavor::ALL[5..]));
}

fn encode(criterion: &mut Criterion) {
    let exchanger = exchanger(URL, no_transport());
    let mut group = criterion.benchmark_group("encode");
    for flavor in Flavor::ALL.into_iter().chain(Flavor::PUBLIC) {
        let call = call(&exchanger).flavor(flavor);
        group.bench_function(flavor.to_string(), |bencher| bencher.iter(|| call.request()));
    }
}

fn decode(criterion: &mut Criterion) {
    let extras: Vec<_> = (0..100).map(|n| format!(r#","extra_{n}":"value {n}""#)).collect();
    let big = TOKEN.replace('}', &format!("{}}}", extras.concat()));
    let form = "access_token=some-access-token&token_type=bearer&expires_in=3600&scope=a%20b";
    let answers = [
        ("JSON", 200, "application/json", TOKEN),
        ("form", 200, "application/x-www-form-urlencoded", form),
        ("JSON with 100 extras", 200, "application/json", &big),
        ("error", 401, "application/json", REFUSAL),
    ];
    let exchanger = exchanger(URL, no_transport());
    let mut group = criterion.benchmark_group("decode");
    for (name, status, content_type, body) in answers {
        let ready = || {
            let mut answer = HttpResponse::new(body.into());
            *answer.status_mut() = status.try_into().expect("a status");
            let content_type = HeaderValue::from_static(content_type);
            answer.headers_mut().insert(CONTENT_TYPE, content_type);
            (call(&exchanger), answer)
        };
        let now = SystemTime::now();
        group.bench_function(name, |bencher| {
            let receive = |(call, answer): (Call<Issued>, _)| call.receive(Ok(answer), now, now);
            bencher.iter_batched(ready, receive, BatchSize::SmallInput);
        });
    }
}

fn time(
    runtime: &Runtime,
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    exchange: &Exchange,
) {
    group.bench_function(name, |bencher| bencher.to_async(runtime).iter(|| exchange.make()));
}

fn bare(url: &str, flavors: &[Flavor]) -> Exchange {
    Exchange::Bare(Arc::new(Bare::new(url, flavors)))
}

/// Of a provider that answers from now on.
fn url(path: &str) -> String {
    provider::start(Arc::default()).expect("loopback can be listened on") + path
}

/// Nobody is asked there.
const URL: &str = "https://provider.example/token";
