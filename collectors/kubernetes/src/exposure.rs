//! Who reaches a workload: services and ingresses.

use serde_json::Value;

use crate::object::Object;
use crate::pod::Workload;

/// What the network lets a workload do, each in a sentence with the place of what says so.
pub(crate) fn of(workload: &Workload<'_>, objects: &[Object]) -> Vec<(String, String)> {
    let namespace = &workload.object.namespace;
    let here = || objects.iter().filter(|object| object.namespace == *namespace);
    let mut found = Vec::new();
    let services = here().filter(|object| object.group.is_empty() && object.kind == "Service");
    let ours: Vec<&Object> =
        services.filter(|service| selects(service.at("/spec/selector"), workload)).collect();
    for service in &ours {
        if let Some(kind @ ("LoadBalancer" | "NodePort")) = service.text("/spec/type") {
            found.push((service.place(), format!("is reached from outside: a service of the type {kind}")));
        }
    }
    for ingress in here().filter(|object| object.group == "networking.k8s.io" && object.kind == "Ingress") {
        let mut backends = Vec::new();
        services_of(&ingress.body, 0, &mut backends);
        if ours.iter().any(|service| backends.contains(&service.name.as_str())) {
            let rules = ingress.at("/spec/rules").and_then(Value::as_array).into_iter().flatten();
            let hosts: Vec<&str> = rules.filter_map(|rule| rule.get("host")?.as_str()).collect();
            let hosts =
                if hosts.is_empty() { "any host".to_owned() } else { format!("`{}`", hosts.join("`, `")) };
            found.push((ingress.place(), format!("is reached from outside: at {hosts}")));
        }
    }
    found
}

/// Names of services that an ingress leads to.
fn services_of<'o>(value: &'o Value, depth: usize, found: &mut Vec<&'o str>) {
    if depth > 12 {
        return;
    }
    match value {
        Value::Object(map) => {
            // The older form has a name alone.
            let name = value.pointer("/service/name").or_else(|| value.get("serviceName"));
            found.extend(name.and_then(Value::as_str));
            map.values().for_each(|inner| services_of(inner, depth + 1, found));
        }
        Value::Array(items) => items.iter().for_each(|item| services_of(item, depth + 1, found)),
        _ => {}
    }
}

/// Whether a selector of labels is about the pods of a workload; one without labels selects nothing.
fn selects(selector: Option<&Value>, workload: &Workload<'_>) -> bool {
    let Some(map) = selector.and_then(Value::as_object).filter(|map| !map.is_empty()) else { return false };
    map.iter().all(|(key, value)| workload.label(key).as_deref() == value.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn services_and_ingresses_are_joined_by_labels() {
        let objects = Object::all(json!([
            {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "bot", "namespace": "n"}, "spec": {"template": {"metadata": {"labels": {"app": "bot"}}, "spec": {"containers": [{"image": "a"}]}}}},
            {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "bot", "namespace": "n"}, "spec": {"type": "LoadBalancer", "selector": {"app": "bot"}}},
            {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "bot", "namespace": "other"}, "spec": {"type": "LoadBalancer", "selector": {"app": "bot"}}},
            {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "none", "namespace": "n"}, "spec": {"type": "NodePort", "selector": {}}},
            {"kind": "Ingress", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "in", "namespace": "n"}, "spec": {"rules": [{"host": "bot.example", "http": {"paths": [{"backend": {"service": {"name": "bot"}}}]}}]}},
        ]));
        let workload = Workload::of(&objects[0]).unwrap();
        assert_eq!(
            of(&workload, &objects),
            [
                (
                    "n/service/bot".to_owned(),
                    "is reached from outside: a service of the type LoadBalancer".to_owned()
                ),
                ("n/ingress/in".to_owned(), "is reached from outside: at `bot.example`".to_owned()),
            ]
        );
    }
}
