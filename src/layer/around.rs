//! How is a layer written as one async function around the rest of the stack?
//!
//! Layers that stand inside one another ([`Middleware::then`]) are one future, boxed once: a box a layer would cost each
//! call as many allocations.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Layer, Service};

/// What stands inside a layer: asked once, it answers.
pub trait Inner: Send {
    /// Its answer.
    fn ask(self, request: Question) -> impl Future<Output = Response<Body>> + Send;
}

/// A layer's own part.
pub trait Middleware: Send + Sync + 'static {
    /// Answers a request, by what stands inside or without it.
    fn around(
        &self,
        request: Question,
        inner: impl Inner,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// This layer with another one inside it.
    fn then<M: Middleware>(self, inside: M) -> Then<Self, M>
    where
        Self: Sized,
    {
        Then(self, inside)
    }
}

/// Two layers, the outer one first.
#[derive(Clone, Copy, Debug)]
pub struct Then<A, B>(A, B);

impl<A: Middleware, B: Middleware> Middleware for Then<A, B> {
    fn around(
        &self,
        request: Question,
        inner: impl Inner,
    ) -> impl Future<Output = Response<Body>> + Send {
        let Self(outer, layer) = self;
        outer.around(request, Within { layer, inner })
    }
}

/// A layer around what stands inside it.
struct Within<'a, M, I> {
    layer: &'a M,
    inner: I,
}

impl<M: Middleware, I: Inner> Inner for Within<'_, M, I> {
    fn ask(self, request: Question) -> impl Future<Output = Response<Body>> + Send {
        self.layer.around(request, self.inner)
    }
}

/// A call's request on its way in. Boxed: each layer's future has room for it, and some twice, so that the whole took four
/// kilobytes a call, which were moved about.
pub type Question = Box<Request<Body>>;

/// An answer on its way.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// A service that the layers stand around.
pub trait Answering:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> Answering for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

struct Asked<S>(S);

impl<S: Answering> Inner for Asked<S> {
    async fn ask(self, request: Question) -> Response<Body> {
        let Self(mut service) = self;
        let Ok(()) = std::future::poll_fn(|context| service.poll_ready(context)).await;
        let Ok(response) = service.call(*request).await;
        response
    }
}

/// The tower layer of a [`Middleware`], which all its services have in common: to count its owners once a call costs less
/// than to copy it.
#[derive(Debug)]
pub struct AroundLayer<M>(Arc<M>);

impl<M: Middleware> AroundLayer<M> {
    /// The layer.
    pub fn new(middleware: M) -> Self {
        Self(Arc::new(middleware))
    }
}

impl<M> Clone for AroundLayer<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Middleware, S> Layer<S> for AroundLayer<M> {
    type Service = Around<M, S>;

    fn layer(&self, inner: S) -> Around<M, S> {
        Around {
            middleware: Arc::clone(&self.0),
            inner,
        }
    }
}

/// A service with a [`Middleware`] around it.
#[derive(Debug)]
pub struct Around<M, S> {
    middleware: Arc<M>,
    inner: S,
}

impl<M, S: Clone> Clone for Around<M, S> {
    fn clone(&self) -> Self {
        Self {
            middleware: Arc::clone(&self.middleware),
            inner: self.inner.clone(),
        }
    }
}

impl<M: Middleware, S: Answering> Service<Request<Body>> for Around<M, S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    /// Always ready: the clone that answers waits for the service inside.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.answer(request)
    }
}

impl<M: Middleware, S: Answering> Around<M, S> {
    /// Answers a call, as [`Service::call`] does.
    pub fn answer(&self, request: Request<Body>) -> Answer {
        let (middleware, inner) = (Arc::clone(&self.middleware), Asked(self.inner.clone()));
        let request = Box::new(request);
        Box::pin(async move { Ok(middleware.around(request, inner).await) })
    }
}

impl<M, S: NamedService> NamedService for Around<M, S> {
    const NAME: &'static str = S::NAME;
}
