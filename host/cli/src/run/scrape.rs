//! Serves the metrics over HTTP to whoever scrapes them, off the engine's thread and bounded.
//!
//! Holds: a bounded number of connections, each with one request of bounded length that must come within a bounded time;
//! more are told so and closed. Only reading: there is nothing that a request can change.
use super::conversation::Call;
use super::exposition;
use super::listening::listen;
use super::voice::Voice;
use crate::bounded::Bounded;
use anyhow::Context;
use riposte_control::overview::Overview;
use riposte_control::{Answer, Request};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

const CONNECTIONS: usize = 8;
const REQUEST_BYTES_MAX: usize = 8 << 10;
const HEADERS_MAX: usize = 64;
/// For the whole request, and for the answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// A status line's number and words, and a body.
type Page = (u16, &'static str, String);

/// Begins to listen at `address`; gives where, since a port of 0 is any.
pub fn open(address: SocketAddr, calls: SyncSender<Call>, voice: &Voice) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("{address}: no metrics can be served here"))?;
    voice.say("metrics", format!("metrics at http://{}/metrics", listener.local_addr().unwrap_or(address)));
    let full = |stream| answer(stream, &(503, "Service Unavailable", format!("{CONNECTIONS} connections are open already\n")), false);
    let accept = move || listener.accept().map(|(stream, _)| stream);
    listen("metrics", CONNECTIONS, accept, move |stream, _guest| serve(stream, &calls), full)?;
    Ok(())
}

/// One connection, to its end.
fn serve(stream: TcpStream, calls: &SyncSender<Call>) {
    // Of the whole request: a byte now and then keeps nobody's place.
    let mut stream = Bounded::new(stream, PATIENCE);
    let mut request = Vec::new();
    let mut bytes = [0; 1024];
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&request) {
            Ok(httparse::Status::Complete(_)) => {
                let (method, path) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
                return answer(stream.stream, &page(method, path, calls), method == "HEAD");
            }
            Ok(httparse::Status::Partial) if request.len() < REQUEST_BYTES_MAX => {}
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                return answer(stream.stream, &(431, "Request Header Fields Too Large", "too long\n".to_owned()), false);
            }
            Err(error) => return answer(stream.stream, &(400, "Bad Request", format!("{error}\n")), false),
        }
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&bytes[..count]),
        }
    }
}

fn page(method: &str, path: &str, calls: &SyncSender<Call>) -> Page {
    let path = path.split('?').next().unwrap_or_default();
    match (method, path) {
        ("GET" | "HEAD", "/metrics") => match overview(calls) {
            Ok(overview) => (200, "OK", exposition::text(&overview)),
            Err(why) => (503, "Service Unavailable", format!("{why}\n")),
        },
        ("GET" | "HEAD", _) => (404, "Not Found", "the metrics are at /metrics\n".to_owned()),
        _ => (405, "Method Not Allowed", "only GET\n".to_owned()),
    }
}

fn overview(calls: &SyncSender<Call>) -> Result<Overview, String> {
    let (answer, answered) = sync_channel(1);
    let call = Call { request: Request::Overview {}, by: 0, from: String::new(), answer };
    calls.try_send(call).map_err(|_| "the host is busy or ends")?;
    match answered.recv_timeout(PATIENCE) {
        Ok(Answer::Told { value }) => serde_json::from_value(value).map_err(|error| error.to_string()),
        _ => Err("the host gives no answer".to_owned()),
    }
}

fn answer(mut stream: TcpStream, (code, words, body): &Page, is_head: bool) {
    let (kind, length) = (exposition::CONTENT_TYPE, body.len());
    let head = format!("HTTP/1.1 {code} {words}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let body = if is_head { "" } else { body };
    let _ = stream.set_write_timeout(Some(PATIENCE)).and_then(|()| stream.write_all(format!("{head}{body}").as_bytes()));
}
