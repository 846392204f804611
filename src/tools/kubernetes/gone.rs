//! What holds an object that is being removed.

use serde_json::Value as Json;

use super::verdict::words;

/// In words: a namespace says it in its conditions, everything else by its finalizers.
pub(crate) fn held(object: &Json) -> Vec<String> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    let name = format!("{} {}", text("/kind"), text("/metadata/name"));
    let conditions = object.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
    let holds = |one: &&Json| text("/kind") == "Namespace" && one["status"] == "True";
    let mut all: Vec<String> =
        conditions.filter(holds).map(|one| format!("{name}: {}", words(one))).collect();
    let finalizers = object.pointer("/metadata/finalizers").and_then(Json::as_array).into_iter().flatten();
    let finalizers: Vec<&str> = finalizers.filter_map(Json::as_str).collect();
    if !finalizers.is_empty() {
        all.push(format!("{name}: held by the finalizers {}", finalizers.join(", ")));
    }
    if all.is_empty() {
        all.push(format!("{name}: is being removed"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_holds_it_is_named() {
        let namespace = json!({ "kind": "Namespace", "metadata": { "name": "old" }, "status": { "phase": "Terminating", "conditions": [
            { "type": "NamespaceDeletionDiscoveryFailure", "status": "False", "reason": "ResourcesDiscovered", "message": "fine" },
            { "type": "NamespaceFinalizersRemaining", "status": "True", "reason": "SomeFinalizersRemain", "message": "example.com/hold in 1 resource instances" } ] } });
        assert_eq!(
            held(&namespace),
            ["Namespace old: SomeFinalizersRemain: example.com/hold in 1 resource instances"]
        );
        let object =
            json!({ "kind": "ConfigMap", "metadata": { "name": "a", "finalizers": ["example.com/hold"] } });
        assert_eq!(held(&object), ["ConfigMap a: held by the finalizers example.com/hold"]);
        assert_eq!(held(&json!({ "kind": "Pod", "metadata": { "name": "a" } })), ["Pod a: is being removed"]);
    }
}
