use closewait::scenario::*;
use closewait::trace::*;
use std::time::Duration;
fn send(id: &str) -> Step {
    Step {
        action: Action::Client(ClientAction::Send(SendRequest {
            id: id.into(),
            method: "GET".into(),
            path: format!("/{id}"),
            headers: vec![],
            body: 0,
            background: false,
            deadline: Duration::from_secs(30),
            read: ReadBody::All,
        })),
        when: When::Now,
        line: 1,
    }
}
fn step(action: Action) -> Step {
    Step { action, when: When::Now, line: 1 }
}
fn main() {
    let which = std::env::args().nth(1).unwrap_or("fin".into());
    let mut script = vec![send("a"), step(Action::Wait(Duration::from_secs(60)))];
    match which.as_str() {
        "clean" => {}
        "fin" => {
            script.push(step(Action::Origin(OriginAction::Fin { connection: 1 })));
            script.push(step(Action::Until(Until::Delivered)));
        }
        "race" => {
            script.push(step(Action::Origin(OriginAction::Fin { connection: 1 })));
        }
        "arrived" => {
            script.push(step(Action::Origin(OriginAction::Fin { connection: 1 })));
            script.push(step(Action::Until(Until::Arrived)));
        }
        "unsolicited" => {
            script.push(step(Action::Origin(OriginAction::Send {
                connection: 1,
                bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison".to_vec(),
            })));
            script.push(step(Action::Until(Until::Arrived)));
        }
        "rst" => {
            script.push(step(Action::Origin(OriginAction::Rst { connection: 1 })));
        }
        "dead" => {
            script.push(step(Action::Network(NetworkAction::Drop { path: Path::default(), packets: None })));
        }
        _ => panic!(),
    }
    script.push(send("b"));
    let scenario = Scenario {
        id: "x/y".into(),
        title: "t".into(),
        about: "a".into(),
        sources: vec![],
        signature: None,
        protocol: Protocol::Http1,
        client: ClientSettings::default(),
        origin: OriginSettings::default(),
        network: NetworkSettings::default(),
        script,
        expect: Default::default(),
    };
    for client in closewait::client::built_in() {
        println!("== {} {}", client.name(), client.version());
        let t = std::time::Instant::now();
        let trace = closewait::lab::run(&scenario, *client, &Default::default());
        println!("{:?}", t.elapsed());
        for e in &trace.events {
            match &e.what {
                What::Segment { connection, direction, fate, segment } => println!(
                    "{:>7} c{connection} {direction:?} {fate:?} {}{}{}{} seq {} ack {} {:?}",
                    e.at,
                    if segment.syn { "S" } else { "" },
                    if segment.ack { "A" } else { "" },
                    if segment.fin { "F" } else { "" },
                    if segment.rst { "R" } else { "" },
                    segment.seq,
                    segment.ack_seq,
                    &segment.payload.get(..15.min(segment.payload.len()))
                ),
                w => println!("{:>7} {w:?}", e.at),
            }
        }
        println!("{:?} {:?} {:?}", trace.end, trace.sockets, trace.unsupported);
        let mut differ = 0;
        let t = std::time::Instant::now();
        for _ in 0..200 {
            let other = closewait::lab::run(&scenario, *client, &Default::default());
            if other != trace {
                differ += 1;
            }
        }
        println!("200 runs: {differ} differ, {:?} each", t.elapsed() / 200);
    }
}
