use super::*;
use crate::config;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A mail server that says yes to everything but perhaps to one command. It gives back all that it was told.
pub(crate) async fn start(except: &'static str, answer: &'static str) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = tokio::spawn(async move {
        let (connection, _) = listener.accept().await.unwrap();
        converse(connection, except, answer).await
    });
    (port, told)
}

async fn converse(connection: TcpStream, except: &str, answer: &str) -> Vec<String> {
    let (read, mut write) = connection.into_split();
    let mut lines = BufReader::new(read).lines();
    let (mut told, mut is_mail) = (Vec::new(), false);
    write.write_all(b"220 mail.example.com\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        told.push(line.clone());
        if is_mail && line != "." {
            continue;
        }
        let reply = match line.split([' ', ':']).next().unwrap() {
            command if command == except => answer,
            "EHLO" => "250-mail.example.com\r\n250-AUTH PLAIN\r\n250 8BITMIME",
            "DATA" => "354 go on",
            "AUTH" => "235 welcome",
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        is_mail = line == "DATA" && reply.starts_with("354");
        if write.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
            break;
        }
    }
    told
}

fn relay(url: &str) -> Relay {
    let settings = config::from_flags(&[("smtp-url", url), ("smtp-from", "The hub <hub@example.com>")]);
    Relay::of(&settings.unwrap()).unwrap().unwrap()
}

async fn send(relay: &Relay, to: &str) -> Result<(), Error> {
    relay.send(to, "Größe", "first\n.\nÄnderung\n".to_owned()).await
}

#[tokio::test]
async fn a_mail_is_passed_on_with_all_that_belongs_to_it() {
    let (port, told) = start("", "").await;
    let relay = relay(&format!("smtp://user:secret@127.0.0.1:{port}"));
    assert_eq!(send(&relay, "ann@example.org").await, Ok(()));
    drop(relay);
    let told = told.await.unwrap().join("\n");
    for part in [
        "AUTH PLAIN AHVzZXIAc2VjcmV0\n",
        "MAIL FROM:<hub@example.com>",
        "RCPT TO:<ann@example.org>\n",
        "From: \"The hub\" <hub@example.com>\n",
        "To: ann@example.org\n",
        "Subject: =?utf-8?b?R3LDtsOfZQ==?=\n",
        "Content-Type: text/plain; charset=utf-8\n",
        "\nMessage-ID: <",
        "\nDate: ",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
}

#[tokio::test]
async fn only_a_refusal_of_the_server_is_final() {
    for (command, answer, temporary) in [
        ("RCPT", "550 nobody of that name", false),
        ("RCPT", "450 the box is in use", true),
        ("MAIL", "421 come back later", true),
        (".", "554 this looks bad", false),
        (".", "452 the disk is full", true),
        ("AUTH", "535 wrong password", false),
    ] {
        let (port, _told) = start(command, answer).await;
        let relay = relay(&format!("smtp://user:secret@127.0.0.1:{port}"));
        let refused = send(&relay, "ann@example.org").await.unwrap_err();
        assert_eq!(refused.temporary, temporary, "{command}: {answer}: {refused}");
        assert!(refused.to_string().contains(&answer[..3]), "{refused}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_may_come_back() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let refused = send(&relay(&format!("smtp://127.0.0.1:{free}")), "ann@example.org").await;
    assert!(refused.unwrap_err().temporary);
}

#[tokio::test]
async fn nothing_is_sent_to_what_is_no_address() {
    let relay = relay("smtp://127.0.0.1:9");
    for to in ["ann", "", "ann@example.org\r\nBcc: bob@example.org", "ann@example.org, bob@example.org"] {
        assert!(!send(&relay, to).await.unwrap_err().temporary, "{to}");
    }
}

#[tokio::test]
async fn there_is_a_relay_only_if_the_settings_say_so() {
    let of = |flags: &[(&str, &str)]| Relay::of(&config::from_flags(flags).unwrap());
    assert!(of(&[]).unwrap().is_none());
    assert!(of(&[("smtp-from", "hub@example.com")]).unwrap().is_none());
    assert!(matches!(of(&[("smtp-url", "smtp://localhost")]), Err(Unusable::NoSender)));
    for url in ["smtp://localhost", "smtp://localhost?tls=required", "smtps://localhost"] {
        assert!(of(&[("smtp-url", url), ("smtp-from", "hub@example.com")]).unwrap().is_some(), "{url}");
    }
}
