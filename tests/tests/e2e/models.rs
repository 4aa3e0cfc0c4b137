//! Files of model weights: large, binary, or only pointed at.

use asmm_model::{Component, ComponentKind};
use muster_tests::stage::Stage;

/// What is said about each file of weights: name, path and note of every piece of evidence.
fn told(components: &[Component]) -> Vec<String> {
    let files = components.iter().filter(|component| component.kind == ComponentKind::ModelFile);
    files
        .flat_map(|file| {
            file.evidence.iter().map(|evidence| {
                let note = evidence.note.as_deref().unwrap_or_default();
                format!("{} {} {note}", file.name, evidence.place)
            })
        })
        .collect()
}

#[test]
fn a_large_file_is_told_by_its_first_bytes_and_is_no_gap() {
    let stage = Stage::new();
    stage
        .put("models/chat.gguf", "GGUF")
        .put("models/config.json", "{\"architectures\": [\"LlamaForCausalLM\"]}")
        .put("models/empty.gguf", "")
        .put("models/notes.safetensors", "to be downloaded")
        .put("config.json", "{\"port\": 80}")
        .put(
            "weights/model.safetensors",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4108916384\n",
        );
    let large = std::fs::OpenOptions::new().write(true).open(stage.app().join("models/chat.gguf"));
    // A hole in a file takes no room.
    large.expect("it is there").set_len(5 << 30).expect("it can be as long");
    let inventory = stage.inventory();
    assert_eq!(
        told(&inventory.components),
        [
            "gguf models/chat.gguf 5.0 GiB",
            "gguf models/config.json belongs to the weights beside it",
            "safetensors weights/model.safetensors 3.8 GiB, in Git LFS",
        ]
    );
    assert_eq!(inventory.coverage[0].skipped, []);
}

#[test]
fn weights_in_the_folder_of_a_system_are_a_part_of_it() {
    let stage = Stage::new();
    stage.put("agent.py", crate::AGENT).put("old.pth", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.");
    let inventory = stage.inventory();
    assert_eq!(
        told(&inventory.systems[0].components),
        ["pytorch old.pth 15 bytes, code in it runs when it is loaded"]
    );
    assert_eq!(told(&inventory.components), Vec::<String>::new());
}
