//! Every route of the site, with what it needs: none can be added without saying so.

use axum::Router;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::door::{self, Needs};
use super::wrong::Wrong;
use super::{Site, api, asset, frame, headers, pages};
use crate::access::Right;

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) needs: Needs,
}

/// Routes that are being listed.
pub(super) struct Routes<'s> {
    site: &'s Site,
    router: Router<Site>,
    listed: Vec<Route>,
}

impl Routes<'_> {
    /// A route that reads.
    pub(super) fn get<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: axum::handler::Handler<T, Site>,
        T: 'static,
    {
        self.add((Method::GET, MethodFilter::GET), path, needs, handler)
    }

    /// A route that does something.
    pub(super) fn post<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: axum::handler::Handler<T, Site>,
        T: 'static,
    {
        self.add((Method::POST, MethodFilter::POST), path, needs, handler)
    }

    fn add<H, T>(
        self,
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        needs: Needs,
        handler: H,
    ) -> Self
    where
        H: axum::handler::Handler<T, Site>,
        T: 'static,
    {
        self.guarded(Route { method, path, needs }, on(filter, handler))
    }

    fn guarded(mut self, route: Route, handler: MethodRouter<Site>) -> Self {
        let Route { path, needs, .. } = route;
        let guarded = handler.layer(from_fn_with_state((self.site.clone(), needs), door::guard));
        self.router = self.router.route(path, guarded);
        self.listed.push(route);
        self
    }
}

const ANYBODY: Needs = Needs::Nothing;
const READ: Needs = Needs::A(Right::Read);
const ASSESS: Needs = Needs::A(Right::Assess);
const ADMINISTER: Needs = Needs::A(Right::Administer);

/// What answers, and the list of what does.
pub(super) fn all(site: &Site) -> (Router, Vec<Route>) {
    let routes = Routes { site, router: Router::new(), listed: Vec::new() };
    let routes = routes
        .get("/", READ, pages::overview::page)
        .get("/queue", READ, pages::queue::page)
        .post("/queue/reject", Needs::A(Right::Review), pages::queue::reject)
        .get("/systems", READ, pages::systems::page)
        .get("/systems.csv", READ, api::systems_as_csv)
        .get("/systems/{id}", READ, pages::system::page)
        // An act asks for the right that it needs itself: one for a second person is another than one for the first.
        .post("/systems/{id}/acts", READ, pages::system::act)
        .post("/decisions/{number}/undo", Needs::A(Right::Review), pages::system::undo)
        .get("/exceptions", READ, pages::exceptions::page)
        .get("/scans", READ, pages::scans::page)
        .get("/scans/{run}", READ, pages::scans::changes)
        .get("/register", READ, pages::register::page)
        .post("/register/decisions", Needs::A(Right::Review), pages::register::decide)
        .get("/assessments", READ, pages::assessment::list::page)
        .post("/assessments", ASSESS, pages::assessment::list::begin)
        .get("/assessments/{name}", READ, pages::assessment::overview::page)
        .post("/assessments/{name}/seed", ASSESS, pages::assessment::overview::seed)
        .post("/assessments/{name}/acts", READ, pages::assessment::overview::act)
        .get("/assessments/{name}/areas/{area}", READ, pages::assessment::area::page)
        .post("/assessments/{name}/areas/{area}/acts", READ, pages::assessment::area::act)
        .get("/assessments/{name}/road", READ, pages::assessment::road::page)
        .get("/assessments/{name}/report", READ, pages::assessment::report::page)
        .get("/assessments/{name}/compare", READ, pages::assessment::compare::chosen)
        .get("/assessments/{name}/compare/{other}", READ, pages::assessment::compare::page)
        .get("/rules", READ, pages::rules::page)
        .get("/rules/{id}", READ, pages::rules::rule)
        .get("/audit", READ, pages::audit::page)
        .get("/audit.jsonl", READ, pages::audit::export)
        .get("/access", ADMINISTER, pages::access::page)
        .post("/access/tokens", ADMINISTER, pages::access::make)
        .post("/access/tokens/{hash}/revoke", ADMINISTER, pages::access::revoke)
        .get("/sign-in", ANYBODY, pages::sign_in::page)
        .post("/sign-in", ANYBODY, pages::sign_in::enter)
        .get("/sign-in/provider", ANYBODY, pages::provider::begin)
        .get("/sign-in/callback", ANYBODY, pages::provider::finish)
        .post("/sign-out", READ, pages::sign_in::leave)
        .get("/assets/{version}/{name}", ANYBODY, asset::asset);
    let routes = api::table().into_iter().fold(routes, |routes, entry| {
        let route = Route { method: entry.method, path: entry.path, needs: entry.needs };
        routes.guarded(route, entry.handler)
    });
    let Routes { router, listed, .. } = routes;
    let named = router
        .fallback(async || Wrong::NotFound("There is no such page.".to_owned()))
        .method_not_allowed_fallback(async || Wrong::Method)
        .layer(from_fn_with_state(site.clone(), frame::told))
        .layer(from_fn_with_state(site.clone(), door::named))
        .layer(from_fn(door::in_time));
    // Whoever watches over the process asks by its address.
    let watched = Router::new()
        .route("/healthz", on(MethodFilter::GET, pages::health::alive))
        .route("/readyz", on(MethodFilter::GET, pages::health::ready));
    let router = named.merge(watched).layer(from_fn_with_state(site.clone(), headers::add));
    (router.with_state(site.clone()), listed)
}
