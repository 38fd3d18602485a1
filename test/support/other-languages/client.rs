//! Posts each body of its arguments on one connection that is kept, written by hand, and prints what came as frames.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

fn line(reader: &mut impl BufRead) -> String {
    let mut text = String::new();
    reader.read_line(&mut text).expect("a line");
    text.trim_end_matches("\r\n").to_string()
}

fn exactly(reader: &mut impl Read, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).expect("all of it");
    bytes
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mut stream = TcpStream::connect(format!("{}:{}", arguments[1], arguments[2])).expect("a connection");
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut out = std::io::stdout();
    for body in &arguments[3..] {
        let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        write!(stream, "{}Content-Length: {}\r\n\r\n{}", head, body.len(), body).expect("it is sent");
        let status = line(&mut reader).split(' ').nth(1).expect("a status").to_string();
        let (mut kind, mut length, mut chunked) = (String::new(), 0, false);
        loop {
            let header = line(&mut reader);
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(": ").expect("a header");
            match name.to_ascii_lowercase().as_str() {
                "content-type" => kind = value.to_string(),
                "content-length" => length = value.parse().expect("a length"),
                "transfer-encoding" => chunked = value == "chunked",
                _ => {}
            }
        }
        let mut text = Vec::new();
        if chunked {
            loop {
                let size = usize::from_str_radix(&line(&mut reader), 16).expect("a size");
                text.extend(exactly(&mut reader, size));
                line(&mut reader);
                if size == 0 {
                    break;
                }
            }
        } else {
            text = exactly(&mut reader, length);
        }
        write!(out, "{} {} {}\n", status, kind, text.len()).expect("it is told");
        out.write_all(&text).expect("it is told");
    }
}
