//! tonic and a dial that nobody waits for any more: `h2-connect/dropped-while-an-abandoned-dial-hangs`.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tonic::body::Body;
use tonic::transport::Endpoint;
use tower_service::Service;

use super::deaf_origin::DeafOrigin;

/// Longer than a loopback connect ever takes, and than what is to end at once needs for it.
const A_WHILE: Duration = Duration::from_secs(3);

/// What a kernel spends on a SYN that nothing answers: 127 s, or 131 s where the first of them are repeated in a steady
/// rhythm (`tcp_syn_linear_timeouts`).
const LONGEST_DIAL: Duration = Duration::from_secs(150);
const SHORTEST_DIAL: Duration = Duration::from_secs(120);

/// The call gives up and the channel is dropped: its socket stays in SYN_SENT, unless connecting has a timeout.
pub(super) fn tonic_dials_on_for_nobody_until_connecting_times_out() {
    let (bounded, unbounded) = (DeafOrigin::new(), DeafOrigin::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there is epoll");
    runtime.block_on(async {
        let begun = Instant::now();
        call_in_vain(endpoint(&bounded).connect_timeout(Duration::from_secs(1))).await;
        call_in_vain(endpoint(&unbounded)).await;
        sleep(A_WHILE).await;
        assert!(!bounded.is_dialled(), "a timeout bounds it");
        assert!(unbounded.is_dialled(), "tonic does it right now: docs/known-hazards.md says otherwise");
        while unbounded.is_dialled() {
            assert!(begun.elapsed() < LONGEST_DIAL, "it never ends");
            sleep(Duration::from_secs(1)).await;
        }
        assert!(begun.elapsed() > SHORTEST_DIAL, "it ends sooner: docs/known-hazards.md says otherwise");
    });
}

/// A call that its caller gives up, on a channel that is dropped then.
async fn call_in_vain(endpoint: Endpoint) {
    let mut channel = endpoint.connect_lazy();
    poll_fn(|cx| channel.poll_ready(cx)).await.expect("a lazy channel takes calls");
    let call = channel.call(http::Request::new(Body::empty()));
    timeout(Duration::from_millis(200), call).await.expect_err("nothing answers");
}

fn endpoint(origin: &DeafOrigin) -> Endpoint {
    Endpoint::from_shared(format!("http://{}", origin.address())).expect("it is a URI")
}
