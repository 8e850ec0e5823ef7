//! What a scenario asks of a client's configuration, and what a client says to it.

use std::time::Duration;

use closewait_scenario::{ClientSettings, Scenario};

/// A setting that scenarios may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// [`ClientSettings::idle_timeout`].
    IdleTimeout,
    /// [`ClientSettings::max_idle`].
    MaxIdle,
    /// [`ClientSettings::max_connections`].
    MaxConnections,
    /// [`ClientSettings::connect_timeout`].
    ConnectTimeout,
    /// [`ClientSettings::read_timeout`].
    ReadTimeout,
    /// [`ClientSettings::ping_interval`].
    PingInterval,
    /// [`ClientSettings::ping_timeout`].
    PingTimeout,
    /// [`ClientSettings::ping_while_idle`].
    PingWhileIdle,
    /// [`ClientSettings::stream_window`].
    StreamWindow,
    /// [`ClientSettings::connection_window`].
    ConnectionWindow,
}

impl Setting {
    const ALL: [Self; 10] = [
        Self::IdleTimeout,
        Self::MaxIdle,
        Self::MaxConnections,
        Self::ConnectTimeout,
        Self::ReadTimeout,
        Self::PingInterval,
        Self::PingTimeout,
        Self::PingWhileIdle,
        Self::StreamWindow,
        Self::ConnectionWindow,
    ];

    /// The key in a scenario file.
    pub fn key(self) -> &'static str {
        match self {
            Self::IdleTimeout => "idle_timeout",
            Self::MaxIdle => "max_idle",
            Self::MaxConnections => "max_connections",
            Self::ConnectTimeout => "connect_timeout",
            Self::ReadTimeout => "read_timeout",
            Self::PingInterval => "ping_interval",
            Self::PingTimeout => "ping_timeout",
            Self::PingWhileIdle => "ping_while_idle",
            Self::StreamWindow => "stream_window",
            Self::ConnectionWindow => "connection_window",
        }
    }

    /// Whether the settings name it.
    pub(super) fn is_in(self, settings: &ClientSettings) -> bool {
        self.words(settings).is_some()
    }

    /// Its value, for people.
    fn words(self, settings: &ClientSettings) -> Option<String> {
        let duration = |value: Option<Duration>| value.map(|value| format!("{value:?}"));
        let number = |value: Option<u32>| value.map(|value| value.to_string());
        // Taken apart field by field: a setting that is added does not compile until it is here.
        let ClientSettings {
            idle_timeout,
            max_idle,
            max_connections,
            connect_timeout,
            read_timeout,
            ping_interval,
            ping_timeout,
            ping_while_idle,
            stream_window,
            connection_window,
        } = *settings;
        match self {
            Self::IdleTimeout => duration(idle_timeout),
            Self::MaxIdle => number(max_idle),
            Self::MaxConnections => number(max_connections),
            Self::ConnectTimeout => duration(connect_timeout),
            Self::ReadTimeout => duration(read_timeout),
            Self::PingInterval => duration(ping_interval),
            Self::PingTimeout => duration(ping_timeout),
            Self::PingWhileIdle => ping_while_idle.then(|| "true".to_owned()),
            Self::StreamWindow => number(stream_window),
            Self::ConnectionWindow => number(connection_window),
        }
    }
}

/// Gives the scenario the settings that the client has, whatever is asked: the oracles judge by them. Where the scenario
/// asks for another value it is not this client's scenario, and the answer says why.
pub(super) fn fix(scenario: &mut Scenario, own: &ClientSettings) -> Option<String> {
    let asked = std::mem::replace(&mut scenario.client, own.clone());
    Setting::ALL.into_iter().find_map(|setting| {
        let wanted = setting.words(&asked)?;
        match setting.words(own) {
            Some(own) if own == wanted => None,
            Some(own) => {
                Some(format!("the scenario needs {} = {wanted}; this client's is {own}", setting.key()))
            }
            None => Some(format!("the scenario needs {} = {wanted}; this client's is fixed", setting.key())),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: ClientSettings, own: ClientSettings, refusal: Option<&str>) {
        let text = "title = \"T\"\nabout = \"A. B.\"\nsources = [\"RFC 9112\"]\n\
                    script = [{ client = \"send\", id = \"a\", request = \"GET /a\" }]";
        let mut scenario =
            closewait_scenario::parse("family/name", "name.toml", text).expect("it is a scenario");
        scenario.client = asked;
        assert_eq!(fix(&mut scenario, &own).as_deref(), refusal);
        assert_eq!(scenario.client, own);
    }

    #[test]
    fn a_client_keeps_its_own_settings() {
        let idle = |seconds| ClientSettings {
            idle_timeout: Some(Duration::from_secs(seconds)),
            ..Default::default()
        };
        check(ClientSettings::default(), idle(30), None);
        check(idle(30), idle(30), None);
        check(idle(90), idle(30), Some("the scenario needs idle_timeout = 90s; this client's is 30s"));
        check(
            idle(90),
            ClientSettings::default(),
            Some("the scenario needs idle_timeout = 90s; this client's is fixed"),
        );
    }

    #[test]
    fn every_setting_that_is_asked_for_is_compared() {
        let (time, count) = (Some(Duration::from_secs(1)), Some(1));
        let asked = ClientSettings {
            idle_timeout: time,
            max_idle: count,
            max_connections: count,
            connect_timeout: time,
            read_timeout: time,
            ping_interval: time,
            ping_timeout: time,
            ping_while_idle: true,
            stream_window: count,
            connection_window: count,
        };
        for setting in Setting::ALL {
            assert!(setting.is_in(&asked), "{}", setting.key());
        }
        let on = ClientSettings { ping_while_idle: true, ..Default::default() };
        let refusal = "the scenario needs ping_while_idle = true; this client's is fixed";
        check(on.clone(), ClientSettings::default(), Some(refusal));
        check(on.clone(), on, None);
    }
}
