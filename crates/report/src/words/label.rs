//! What a segment carries, as a noun phrase.

use closewait_trace::Label;

/// `b`, `answer to b`, `FIN`.
pub fn label(label: &Label) -> String {
    match label {
        Label::Syn => "SYN".to_owned(),
        Label::Request(id) => id.clone(),
        Label::Answer(id) => format!("answer to {id}"),
        Label::Unasked => "unasked bytes".to_owned(),
        Label::Bytes => "bytes".to_owned(),
        Label::Handshake(messages) => messages.join(", "),
        Label::Alert(name) => name.clone(),
        Label::Fragment => "a part of a record".to_owned(),
        Label::Frame(name) => (*name).to_owned(),
        Label::Pong => "answer to PING".to_owned(),
        Label::Reset(id) => format!("RST_STREAM of {id}"),
        Label::Fin => "FIN".to_owned(),
        Label::Rst => "RST".to_owned(),
    }
}
