//! The person's browser.

use std::{io, thread};

use tokio::sync::oneshot;

/// Opens `address`; `$BROWSER` is honoured. A browser in a terminal may keep this waiting until it is closed.
///
/// # Errors
/// When there is no browser, or it could not be started.
pub(crate) async fn open(address: String) -> io::Result<()> {
    let (tell, told) = oneshot::channel();
    // A thread of its own: it outlives what it has told, as long as the browser does.
    thread::Builder::new().name("browser".to_owned()).spawn(move || {
        if tell.send(webbrowser::open(&address)).is_err() {
            tracing::debug!("nobody asks any more what became of the browser");
        }
        #[cfg(target_os = "linux")]
        children::await_own();
    })?;
    told.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The processes that are begun to open an address. They are left to whoever began them, and stay dead among the living
/// until they are waited for.
#[cfg(target_os = "linux")]
mod children {
    use nix::errno::Errno;
    use nix::sys::wait::{WaitPidFlag, waitpid};

    /// Waits until every process that this thread began has ended. Those of other threads are waited for by them.
    pub(super) fn await_own() {
        // Ends with `ECHILD`: there is none any more.
        while matches!(waitpid(None, Some(WaitPidFlag::__WNOTHREAD)), Ok(_) | Err(Errno::EINTR)) {}
    }

    #[cfg(test)]
    mod tests {
        use std::path::Path;
        use std::process::{Child, Command};
        use std::thread;

        use super::*;

        fn begin(program: &str) -> Child {
            Command::new(program).arg("0").spawn().unwrap()
        }

        #[test]
        fn none_is_left_of_those_that_this_thread_began_and_no_other_is_touched() {
            let mut other = begin("sleep");
            let begun = thread::spawn(|| {
                let begun = [begin("sleep"), begin("true")].map(|child| child.id());
                await_own();
                begun
            });
            for id in begun.join().unwrap() {
                assert!(!Path::new(&format!("/proc/{id}")).exists());
            }
            assert!(other.wait().unwrap().success(), "it is still there to be waited for");
        }
    }
}
