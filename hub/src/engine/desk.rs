//! Answers to commands on their way back to the threads that asked.
//!
//! To wake a task of another thread is dear: the system may have to interrupt a sleeping processor for it. So each
//! worker has a desk, at which the engine leaves all answers of a batch in one go; the worker hands them on among its
//! own tasks. Whoever asks from elsewhere is answered directly.

use super::{Error, Responder, respond};
use queue_core::Reply;
use std::cell::OnceCell;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// An answer, and who waits for it.
type Answered = (Responder<Reply>, Result<Reply, Error>);

#[derive(Default)]
pub(super) struct Desk {
    answers: Mutex<Vec<Answered>>,
    bell: Notify,
}

thread_local! {
    static DESK: OnceCell<Arc<Desk>> = const { OnceCell::new() };
}

/// Opens the desk of this thread: whatever its tasks ask from now on is answered there. A single-threaded runtime must
/// be around, and end before or with those tasks.
pub(crate) fn open() {
    DESK.with(|cell| {
        cell.get_or_init(|| {
            let desk = Arc::<Desk>::default();
            tokio::task::spawn_local(Arc::clone(&desk).serve());
            desk
        });
    });
}

impl Desk {
    async fn serve(self: Arc<Self>) {
        let mut answers = Vec::new();
        loop {
            self.bell.notified().await;
            std::mem::swap(&mut answers, &mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner));
            for (responder, answer) in answers.drain(..) {
                respond(responder, answer);
            }
        }
    }

    fn leave(&self, answers: &mut Vec<Answered>) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).append(answers);
        self.bell.notify_one();
    }
}

/// Whoever waits for a reply.
pub(super) struct Caller {
    responder: Responder<Reply>,
    desk: Option<Arc<Desk>>,
}

impl Caller {
    /// A task of this thread.
    pub(super) fn new(responder: Responder<Reply>) -> Self {
        Self { responder, desk: DESK.with(|desk| desk.get().map(Arc::clone)) }
    }

    pub(super) fn refuse(self, error: Error) {
        respond(self.responder, Err(error));
    }
}

/// What the engine has to say at the end of a batch.
#[derive(Default)]
pub(super) struct Outbox(Vec<(Arc<Desk>, Vec<Answered>)>);

impl Outbox {
    pub(super) fn put(&mut self, caller: Caller, answer: Result<Reply, Error>) {
        let Some(desk) = caller.desk else {
            return respond(caller.responder, answer);
        };
        let answered = (caller.responder, answer);
        match self.0.iter_mut().find(|(other, _)| Arc::ptr_eq(other, &desk)) {
            Some((_, answers)) => answers.push(answered),
            None => self.0.push((desk, vec![answered])),
        }
    }

    /// Takes everything where it belongs.
    pub(super) fn deliver(&mut self) {
        for (desk, answers) in self.0.iter_mut().filter(|(_, answers)| !answers.is_empty()) {
            desk.leave(answers);
        }
        // A thread that has ended took its tasks with it.
        self.0.retain(|(desk, _)| Arc::strong_count(desk) > 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    fn ask() -> (Caller, oneshot::Receiver<Result<Reply, Error>>) {
        let (responder, response) = oneshot::channel();
        (Caller::new(responder), response)
    }

    #[tokio::test]
    async fn without_a_desk_an_answer_is_there_at_once() {
        let (caller, mut response) = ask();
        Outbox::default().put(caller, Ok(Reply::Done));
        assert_eq!(response.try_recv().unwrap(), Ok(Reply::Done));
    }

    #[test]
    fn a_thread_with_a_desk_gets_all_its_answers_together_and_is_forgotten_when_it_ends() {
        let mut outbox = Outbox::default();
        let thread = std::thread::scope(|scope| {
            let worker = || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                tokio::task::LocalSet::new().block_on(&runtime, async {
                    open();
                    open();
                    let asked = [(); 3].map(|()| ask());
                    let (callers, responses): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
                    for caller in callers {
                        outbox.put(caller, Ok(Reply::Done));
                    }
                    assert_eq!(outbox.0.iter().map(|(_, answers)| answers.len()).collect::<Vec<_>>(), [3]);
                    outbox.deliver();
                    for response in responses {
                        assert_eq!(response.await.unwrap(), Ok(Reply::Done));
                    }
                    outbox.deliver();
                    assert_eq!(outbox.0.len(), 1);
                });
            };
            scope.spawn(worker).join()
        });
        thread.unwrap();
        outbox.deliver();
        assert!(outbox.0.is_empty());
    }
}
