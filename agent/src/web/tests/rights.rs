//! Every route, asked by each role and by nobody.

use axum::http::{Method, StatusCode};

use super::Stage;
use crate::access::{Right, Role, Roles};
use crate::store::PassKind;
use crate::web::door::Needs;
use crate::web::routes::{self, Route};

/// A request for a route that names a system that there is, and does nothing: what it asks for is refused where it is not allowed, and
/// says too little, or is of an assessment that there is not, where it is.
fn filled(route: &Route, id: &str) -> (String, &'static str, &'static str, Needs) {
    let names_system = ["/systems/{id}", "/systems/{system}"].iter().any(|part| route.path.contains(part));
    let part = if names_system { id } else { "none" };
    let path = route.path.split('/').map(|piece| if piece.starts_with('{') { part } else { piece });
    let path = path.collect::<Vec<_>>().join("/");
    let is_act = route.path.ends_with("/acts") && route.needs == Needs::A(Right::Read);
    let (kind, body) = match (route.path.starts_with("/api/"), is_act) {
        (true, true) if names_system => ("application/json", r#"{"act": "withdraw"}"#),
        (true, true) => ("application/json", r#"{"act": "clear", "area": "GV-1", "revision": 0}"#),
        (true, false) => ("application/json", "{}"),
        (false, true) if names_system => ("application/x-www-form-urlencoded", "act=withdraw"),
        (false, true) => ("application/x-www-form-urlencoded", "act=clear&area=GV-1&revision=0"),
        (false, false) => ("application/x-www-form-urlencoded", ""),
    };
    // An act asks for the right that it needs itself.
    let needs = match is_act {
        true if names_system => Needs::A(Right::Review),
        true => Needs::A(Right::Assess),
        false => route.needs,
    };
    (path, kind, body, needs)
}

#[tokio::test]
async fn every_route_is_for_those_who_have_its_right() {
    let stage = Stage::new().await;
    let id = stage.id("refunds").await;
    let routes = routes::all(&stage.site).1;
    assert!(routes.len() > 40, "{routes:?}");
    for route in &routes {
        let (path, kind, body, needs) = filled(route, &id);
        let reply = stage.ask(&route.method, &path, &[("content-type", kind)], body).await;
        let said = format!("{} {path}: {} {}", route.method, reply.status, reply.text);
        match needs {
            Needs::Nothing => assert_ne!(reply.status, StatusCode::UNAUTHORIZED, "{said}"),
            Needs::A(_) if route.method == Method::GET && !path.starts_with("/api/") => {
                assert_eq!(reply.status, StatusCode::SEE_OTHER, "{said}");
                assert!(reply.header("location").starts_with("/sign-in?then="), "{said}");
            }
            Needs::A(_) => {
                assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{said}");
                assert_eq!(reply.header("www-authenticate"), "Bearer", "{said}");
            }
        }
        for role in Role::ALL {
            let token = stage.token(role).await;
            let headers = [("authorization", token.as_str()), ("content-type", kind)];
            let reply = stage.ask(&route.method, &path, &headers, body).await;
            let may = match needs {
                Needs::Nothing => true,
                Needs::A(right) => Roles::from_iter([role]).give(right),
            };
            let said = format!("{} {path} as {}: {} {}", route.method, role.name(), reply.status, reply.text);
            // A link that is none lets nobody in, whoever tries.
            if route.path != "/sign-in" {
                assert_eq!(reply.status == StatusCode::FORBIDDEN, !may, "{said}");
            }
            assert!(!reply.status.is_server_error() && reply.status != StatusCode::UNAUTHORIZED, "{said}");
            if route.method == Method::GET {
                let head = stage.ask(&Method::HEAD, &path, &headers, "").await;
                assert_eq!((head.status, head.text.as_str()), (reply.status, ""), "{said}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_does_nothing_without_what_its_forms_hold() {
    let stage = Stage::new().await;
    let id = stage.id("refunds").await;
    let is_post = |route: &&Route| route.method == Method::POST && route.path != "/sign-in";
    for route in routes::all(&stage.site).1.iter().filter(is_post) {
        let (session, form) = stage.let_in(PassKind::Session, "ada", Role::Administrator).await;
        let cookie = format!("muster={}", session.expose());
        let (path, kind, body, _) = filled(route, &id);
        let mut headers = vec![("cookie", cookie.as_str()), ("content-type", kind)];
        let ours = |status: StatusCode, text: &str| {
            status != StatusCode::FORBIDDEN && !text.contains("sent by no page of this site")
        };
        for more in [("accept", "*/*"), ("x-muster-form", "none")] {
            let reply = stage.ask(&route.method, &path, &[&headers[..], &[more]].concat(), body).await;
            assert!(!ours(reply.status, &reply.text), "{path} {more:?}: {} {}", reply.status, reply.text);
        }
        headers.push(("x-muster-form", &form));
        let elsewhere = [&headers[..], &[("origin", "https://elsewhere.example")]].concat();
        let reply = stage.ask(&route.method, &path, &elsewhere, body).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}: {}", reply.text);
        let reply = stage.ask(&route.method, &path, &headers, body).await;
        assert!(ours(reply.status, &reply.text), "{path}: {} {}", reply.status, reply.text);
    }
}
