//! Models by name: from a hub on this machine, and from what is kept of one.
#![allow(unreachable_pub, clippy::unwrap_used)]

mod server;
#[path = "../support/mod.rs"]
mod support;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use m2v_fast::HubProblem::{Malformed, NoAccess, NotCached, NotFound, Other, Unreachable};
use m2v_fast::{Error, HubOptions, HubProblem, LoadOptions, Model};
use server::{Answer, Server};
use tempfile::TempDir;

const NAME: &str = "some-one/small.model";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const NEWER: &str = "89abcdef0123456789abcdef0123456789abcdef";
const FILES: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];

/// A hub that has one model, and a folder to keep models in.
struct Hub {
    server: Server,
    cache: TempDir,
    model: TempDir,
}

impl Hub {
    fn new() -> Self {
        let hub = Self {
            server: Server::new(),
            cache: tempfile::tempdir().unwrap(),
            model: support::folder(8),
        };
        hub.list("main", COMMIT, &FILES);
        hub.put(COMMIT, "");
        hub
    }

    fn list(&self, revision: &str, commit: &str, files: &[&str]) {
        let files: Vec<_> =
            files.iter().map(|file| serde_json::json!({ "rfilename": file })).collect();
        let info = serde_json::json!({ "id": NAME, "sha": commit, "siblings": files });
        let path = format!("/api/models/{NAME}/revision/{revision}");
        self.server.set(&path, Answer::new(200, &[], info.to_string()));
    }

    /// Has the model's files at a commit, under `prefix`.
    fn put(&self, commit: &str, prefix: &str) {
        for file in FILES {
            let contents = fs::read(self.model.path().join(file)).unwrap();
            let etag = format!("\"{}\"", etag(file));
            let path = format!("/{NAME}/resolve/{commit}/{prefix}{file}");
            self.server.set(&path, Answer::new(200, &[("ETag", &etag)], contents));
        }
    }

    fn options(&self) -> HubOptions {
        HubOptions::new().cache(self.cache.path()).endpoint(&self.server.endpoint).token("")
    }

    fn kept(&self) -> PathBuf {
        self.cache.path().join("models--some-one--small.model")
    }

    fn error(&self, options: &HubOptions, expected: HubProblem) -> String {
        let error = options.fetch(NAME).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::Hub { kind, .. } if kind == expected), "{error:?}");
        assert!(message.starts_with(NAME), "{message}");
        message
    }
}

fn etag(file: &str) -> String {
    file.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// An address of a port that was free a moment ago.
fn nowhere() -> String {
    format!("http://{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

fn vector(model: &Model) -> Vec<u32> {
    model.encode("vector search").unwrap().into_iter().map(f32::to_bits).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| name(entry).into_string().unwrap()).collect();
    names.sort();
    names
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_model_is_downloaded_once_to_where_huggingface_hub_has_it() {
    let hub = Hub::new();
    let model = Model::from_hub(NAME, &hub.options(), LoadOptions::new()).unwrap();
    let here = Model::load(hub.model.path(), LoadOptions::new()).unwrap();
    assert_eq!(vector(&model), vector(&here));
    let snapshot = hub.kept().join("snapshots").join(COMMIT);
    assert_eq!(model.folder().unwrap(), snapshot);
    assert_eq!(read(&hub.kept().join("refs/main")), COMMIT);
    for file in FILES {
        let blob = hub.kept().join("blobs").join(etag(file));
        assert_eq!(fs::read(&blob).unwrap(), fs::read(hub.model.path().join(file)).unwrap());
        #[cfg(unix)]
        assert_eq!(
            fs::read_link(snapshot.join(file)).unwrap(),
            Path::new("../../blobs").join(etag(file))
        );
    }
    assert_eq!(fs::read_dir(hub.kept().join("blobs")).unwrap().count(), 3);
    let mut expected = vec![format!("/api/models/{NAME}/revision/main")];
    expected.extend(FILES.map(|file| format!("/{NAME}/resolve/{COMMIT}/{file}")));
    assert_eq!(hub.server.paths(), expected);
    assert_eq!(hub.options().fetch(NAME).unwrap(), snapshot);
    assert!(hub.server.paths().is_empty());
}

#[test]
fn a_big_file_lies_with_another_host_which_does_not_see_the_token() {
    let (hub, store) = (Hub::new(), Server::new());
    let contents = fs::read(hub.model.path().join("model.safetensors")).unwrap();
    let (size, tag) = (contents.len().to_string(), "ab".repeat(32));
    store.set("/big?a=b", Answer::new(200, &[("ETag", "\"of the store\"")], contents.clone()));
    let place = format!("{}/big?a=b", store.endpoint);
    let quoted = format!("\"{tag}\"");
    let headers = [
        ("Location", place.as_str()),
        ("X-Linked-Etag", &quoted),
        ("X-Linked-Size", &size),
        ("ETag", "\"of the pointer\""),
    ];
    let path = format!("/{NAME}/resolve/{COMMIT}/model.safetensors");
    hub.server.set(&path, Answer::new(302, &headers, ""));
    hub.options().token("secret").fetch(NAME).unwrap();
    assert_eq!(fs::read(hub.kept().join("blobs").join(&tag)).unwrap(), contents);
    let shown = Some("Bearer secret".to_owned());
    assert!(hub.server.requests().iter().all(|request| request.authorization == shown));
    let [asked] = store.requests().try_into().unwrap();
    assert_eq!(asked.authorization, None);
}

#[test]
fn a_renamed_repository_is_followed() {
    let hub = Hub::new();
    for path in FILES.map(|file| format!("/{NAME}/resolve/{COMMIT}/{file}")) {
        let file = path.rsplit('/').next().unwrap();
        let contents = fs::read(hub.model.path().join(file)).unwrap();
        let to = format!("/new/name/{file}");
        hub.server
            .set(&to, Answer::new(200, &[("ETag", &format!("W/\"{}\"", etag(file)))], contents));
        hub.server.set(&path, Answer::new(307, &[("Location", &to)], "Temporary Redirect"));
    }
    let folder = hub.options().token("secret").fetch(NAME).unwrap();
    Model::load(folder, LoadOptions::new()).unwrap();
    assert!(hub.server.requests().iter().all(|request| request.authorization.is_some()));
}

#[test]
fn a_mirror_leads_to_itself_and_to_others_before_the_answer_that_counts() {
    let (mirror, other, store) = (Hub::new(), Server::new(), Server::new());
    let tag = "cd".repeat(32);
    for file in FILES {
        let contents = fs::read(mirror.model.path().join(file)).unwrap();
        // By an address of its own, then to the hub that it mirrors; a big file lies with a third.
        let (asked, moved) = (format!("/{NAME}/resolve/{COMMIT}/{file}"), format!("/moved/{file}"));
        let address = format!("{}{moved}", mirror.server.endpoint);
        let there = format!("{}/there/{file}", other.endpoint);
        let stored = format!("{}/stored/{file}", store.endpoint);
        let step = |to: &str| Answer::new(308, &[("Location", to), ("ETag", "\"of a step\"")], "");
        mirror.server.set(&asked, step(&address));
        mirror.server.set(&moved, step(&there));
        if file == "model.safetensors" {
            let size = contents.len().to_string();
            let (quoted, next) = (format!("\"{tag}\""), format!("?from={file}"));
            let headers = [("Location", next.as_str()), ("X-Linked-Etag", &quoted)];
            let headers = [&headers[..], &[("X-Linked-Size", &size)]].concat();
            other.set(&format!("/there/{file}"), Answer::new(302, &headers, ""));
            other.set(&format!("/there/{file}{next}"), step(&stored));
            let headers = [("ETag", "\"of the store\""), ("X-Linked-Etag", "\"too late\"")];
            store.set(&format!("/stored/{file}"), Answer::new(200, &headers, contents));
        } else {
            let quoted = format!("\"{}\"", etag(file));
            other.set(&format!("/there/{file}"), Answer::new(200, &[("ETag", &quoted)], contents));
        }
    }
    let api = format!("/api/models/{NAME}/revision/main");
    let info = mirror.server.answer(&api);
    mirror.server.set(&api, Answer::new(308, &[("Location", "main/moved")], ""));
    mirror.server.set(&format!("/api/models/{NAME}/revision/main/moved"), info);
    let folder = mirror.options().token("secret").fetch(NAME).unwrap();
    Model::load(folder, LoadOptions::new()).unwrap();
    let mut blobs = vec![etag("config.json"), etag("tokenizer.json"), tag];
    blobs.sort();
    assert_eq!(names(&mirror.kept().join("blobs")), blobs);
    let shown = Some("Bearer secret".to_owned());
    let asked = mirror.server.requests();
    assert_eq!(asked.len(), 8);
    assert!(asked.iter().all(|request| request.authorization == shown));
    let elsewhere = [other.requests(), store.requests()].concat();
    assert_eq!(elsewhere.len(), 5);
    assert!(elsewhere.iter().all(|request| request.authorization.is_none()));
}

#[test]
fn a_branch_that_moved_is_noticed_when_it_is_asked_for() {
    let hub = Hub::new();
    let first = hub.options().fetch(NAME).unwrap();
    hub.list("main", NEWER, &FILES);
    hub.put(NEWER, "");
    assert_eq!(hub.options().fetch(NAME).unwrap(), first);
    let second = hub.options().refresh(true).fetch(NAME).unwrap();
    assert!(second.ends_with(NEWER));
    assert_eq!(read(&hub.kept().join("refs/main")), NEWER);
    // It was to be newer, and cannot be: what is kept is good all the same.
    let message = hub.error(&hub.options().refresh(true).endpoint(nowhere()), Unreachable);
    for part in ["is whole in the cache", "could not be refreshed", "Without HubOptions::refresh"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("not complete"), "{message}");
    hub.list("main", COMMIT.replace('0', "f").as_str(), &FILES);
    hub.error(&hub.options().refresh(true), NotFound);
    // Without the network what is there has to do.
    assert_eq!(hub.options().refresh(true).offline(true).fetch(NAME).unwrap(), second);
    // A commit never changes.
    hub.server.requests();
    assert_eq!(hub.options().revision(COMMIT).fetch(NAME).unwrap(), first);
    assert!(hub.server.paths().is_empty());
}

#[test]
fn a_revision_and_a_folder_in_it() {
    let hub = Hub::new();
    hub.list("refs%2Fpr%2F1", NEWER, &["README.md", "in/side/config.json"]);
    let options = hub.options().revision("refs/pr/1").subfolder("in/side/");
    let message = hub.error(&options, NotFound);
    assert!(message.contains("folder \"in/side\"") && message.contains("2 files"), "{message}");
    let files = FILES.map(|file| format!("in/side/{file}"));
    hub.list("refs%2Fpr%2F1", NEWER, &files.each_ref().map(String::as_str));
    hub.put(NEWER, "in/side/");
    let folder = options.fetch(NAME).unwrap();
    assert!(folder.ends_with(format!("{NEWER}/in/side")));
    Model::load(folder, LoadOptions::new()).unwrap();
    assert_eq!(read(&hub.kept().join("refs/refs/pr/1")), NEWER);
    options.offline(true).fetch(NAME).unwrap();
}

/// Puts a model where huggingface_hub has it, files instead of links.
fn by_hand(hub: &Hub, commit: &str, files: &[&str]) -> PathBuf {
    let snapshot = hub.kept().join("snapshots").join(commit);
    fs::create_dir_all(&snapshot).unwrap();
    for file in files {
        fs::copy(hub.model.path().join(file), snapshot.join(file)).unwrap();
    }
    snapshot
}

#[test]
fn what_is_kept_is_found_without_the_network() {
    let hub = Hub::new();
    let offline = hub.options().offline(true);
    let message = hub.error(&offline, NotCached);
    for part in
        ["not complete in the cache", "HubOptions::offline", "hf download some-one/small.model"]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
    let snapshot = by_hand(&hub, COMMIT, &FILES[..2]);
    hub.error(&offline, NotCached);
    by_hand(&hub, COMMIT, &FILES);
    // The folder of snapshots alone will do, but not for a named branch.
    assert_eq!(offline.fetch(NAME).unwrap(), snapshot);
    assert_eq!(offline.clone().revision(COMMIT).fetch(NAME).unwrap(), snapshot);
    let message = hub.error(&offline.clone().revision("main"), NotCached);
    assert!(message.contains("at revision \"main\""), "{message}");
    fs::create_dir(hub.kept().join("refs")).unwrap();
    fs::write(hub.kept().join("refs/v1"), format!("{COMMIT}\n")).unwrap();
    assert_eq!(offline.clone().revision("v1").fetch(NAME).unwrap(), snapshot);
    fs::write(hub.kept().join("refs/main"), NEWER).unwrap();
    hub.error(&offline, NotCached);
    fs::write(hub.kept().join("refs/main"), "../..").unwrap();
    hub.error(&offline, NotCached);
    assert!(hub.server.paths().is_empty());
}

#[test]
fn a_pinned_revision_is_not_taken_for_main() {
    for (pin, reference) in [(COMMIT, false), ("v1", true)] {
        let hub = Hub::new();
        hub.list(pin, COMMIT, &FILES);
        let pinned = hub.options().revision(pin).fetch(NAME).unwrap();
        assert!(pinned.ends_with(COMMIT));
        assert_eq!(hub.kept().join("refs").join(pin).exists(), reference);
        hub.list("main", NEWER, &FILES);
        hub.put(NEWER, "");
        hub.server.requests();
        let main = format!("/api/models/{NAME}/revision/main");
        // What the hub refuses is refused, whatever is kept.
        let answer = hub.server.answer(&main);
        for (status, code, kind) in [
            (401, "RepoNotFound", NotFound),
            (403, "GatedRepo", NoAccess),
            (403, "", NoAccess),
            (404, "RevisionNotFound", NotFound),
            (200, "", Other),
        ] {
            hub.server.set(&main, Answer::new(status, &[("X-Error-Code", code)], "{}"));
            hub.error(&hub.options(), kind);
        }
        // If it cannot answer, or is not to be asked, that is better than nothing.
        hub.server.set(&main, Answer::new(503, &[], ""));
        assert_eq!(hub.options().fetch(NAME).unwrap(), pinned);
        assert_eq!(hub.options().endpoint(nowhere()).fetch(NAME).unwrap(), pinned);
        hub.server.requests();
        assert_eq!(hub.options().offline(true).fetch(NAME).unwrap(), pinned);
        assert!(hub.server.paths().is_empty());
        hub.error(&hub.options().endpoint(nowhere()).revision("main"), Unreachable);
        let message = hub.error(&hub.options().endpoint(nowhere()).refresh(true), Unreachable);
        assert!(message.contains("could not be refreshed"), "{message}");
        // None of that says where the branch is: the hub does.
        hub.server.set(&main, answer);
        let newest = hub.options().fetch(NAME).unwrap();
        assert!(newest.ends_with(NEWER));
        assert_eq!(hub.server.paths()[0], main);
        assert_eq!(hub.options().fetch(NAME).unwrap(), newest);
        assert_eq!(hub.options().revision(pin).fetch(NAME).unwrap(), pinned);
        assert!(hub.server.paths().is_empty());
    }
}

#[test]
fn what_the_hub_refuses_is_told() {
    let hub = Hub::new();
    let api = format!("/api/models/{NAME}/revision/main");
    for (status, code, kind, expected) in [
        (401, "RepoNotFound", NotFound, "no such model"),
        (404, "RepoNotFound", NotFound, "no such model"),
        (401, "", NotFound, "no such model"),
        (404, "RevisionNotFound", NotFound, "no revision \"main\""),
        (403, "GatedRepo", NoAccess, "accept its terms"),
        (403, "", NoAccess, "403 Forbidden"),
        (500, "", Unreachable, "500 Internal Server Error"),
        (429, "", Unreachable, "try again later"),
        (418, "", Other, "answers with 418"),
    ] {
        hub.server.set(&api, Answer::new(status, &[("X-Error-Code", code)], "{}"));
        let message = hub.error(&hub.options(), kind);
        assert!(message.contains(expected), "{expected}: {message}");
    }
    for body in ["", "[]", "{\"sha\": \"../../x\", \"siblings\": []}", "<html>"] {
        hub.server.set(&api, Answer::new(200, &[], body));
        let message = hub.error(&hub.options(), Other);
        assert!(message.contains("does not answer as the hub does"), "{message}");
    }
    for to in ["ftp://x/y", "", "//elsewhere/x"] {
        hub.server.set(&api, Answer::new(302, &[("Location", to)], ""));
        assert!(hub.error(&hub.options(), Other).contains("leads to"));
    }
    hub.server.set(&api, Answer::new(302, &[("Location", &api)], ""));
    assert!(hub.error(&hub.options(), Other).contains("leads on and on"));
    hub.list("main", COMMIT, &["README.md", "model.onnx"]);
    assert!(hub.error(&hub.options(), NotFound).contains("no Model2Vec model"));
    assert!(!hub.kept().exists());
    for name in ["", "a/b/c", "../up", "/etc", "a\\b"] {
        let error = hub.options().fetch(name).unwrap_err();
        assert!(error.to_string().contains("no name of a model"), "{error}");
    }
    for options in [hub.options().revision("../x"), hub.options().subfolder("../x")] {
        hub.error(&options, Malformed);
    }
}

#[test]
fn a_token_that_cannot_be_shown() {
    let hub = Hub::new();
    for token in ["hf_secret\n", "hf_secret\r\nX: y", "hf_sécret", "\u{1}"] {
        let message = hub.error(&hub.options().token(token), Malformed);
        assert!(message.contains("the token") && message.contains("malformed"), "{message}");
        assert!(!message.contains("cret"), "{message}");
    }
    assert!(hub.server.paths().is_empty());
}

#[test]
fn what_broke_off_is_not_kept_and_the_next_call_goes_on() {
    let hub = Hub::new();
    let path = format!("/{NAME}/resolve/{COMMIT}/model.safetensors");
    let contents = fs::read(hub.model.path().join("model.safetensors")).unwrap();
    let mut answer = Answer::new(200, &[("ETag", "\"abc\"")], contents.clone());
    answer.sent = 100;
    hub.server.set(&path, answer);
    let message = hub.error(&hub.options(), Unreachable);
    assert!(message.contains("could not be fetched") && message.contains("broke off"), "{message}");
    let long = (contents.len() + 1).to_string();
    let headers = [("ETag", "\"abc\""), ("X-Linked-Size", long.as_str())];
    hub.server.set(&path, Answer::new(200, &headers, contents.clone()));
    assert!(hub.error(&hub.options(), Unreachable).contains("should have"));
    for tag in ["", "\"../../x\"", "\"a/b\"", "\".\""] {
        hub.server.set(&path, Answer::new(200, &[("ETag", tag)], contents.clone()));
        assert!(hub.error(&hub.options(), Other).contains("ETag"), "{tag}");
    }
    // One of three files is there whole, and no branch says that there is a model.
    assert_eq!(fs::read_dir(hub.kept().join("blobs")).unwrap().count(), 1);
    assert!(!hub.kept().join("refs").exists());
    hub.error(&hub.options().offline(true), NotCached);
    hub.put(COMMIT, "");
    hub.server.requests();
    hub.options().fetch(NAME).unwrap();
    assert_eq!(hub.server.paths().len(), 3);
}

#[test]
fn a_hub_that_is_not_there() {
    let hub = Hub::new();
    let message = hub.error(&hub.options().endpoint(nowhere()), Unreachable);
    assert!(message.contains("could not be fetched from http://127.0.0.1"), "{message}");
    for endpoint in ["no address", "http://", "http://a b"] {
        let message = hub.error(&hub.options().endpoint(endpoint), Malformed);
        assert!(message.contains("cannot be asked for"), "{message}");
    }
}

/// What the children of the next test do; nothing in a run of its own.
#[test]
fn child() {
    if env::var_os("M2V_FAST_TEST_HUB").is_some() {
        let mut options = HubOptions::new();
        if env::var_os("M2V_FAST_TEST_ONLINE").is_some() {
            options = options.offline(false);
        }
        match options.fetch(NAME) {
            Ok(folder) => println!("folder={}", folder.display()),
            Err(error) => println!("error={error}"),
        }
    }
}

#[test]
fn the_environment_is_huggingface_hubs() {
    let hub = Hub::new();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("token"), "of the file\n").unwrap();
    let run = |variables: &[(&str, &str)]| {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "child", "--nocapture"]).env("M2V_FAST_TEST_HUB", "1");
        for name in [
            "HF_HUB_CACHE",
            "HUGGINGFACE_HUB_CACHE",
            "XDG_CACHE_HOME",
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "HF_TOKEN_PATH",
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN",
            "http_proxy",
            "HTTP_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ] {
            child.env_remove(name);
        }
        child.env("HF_ENDPOINT", &hub.server.endpoint).env("HF_HOME", home.path());
        let output = child.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let tokens: Vec<_> =
            hub.server.requests().into_iter().filter_map(|request| request.authorization).collect();
        (said, tokens)
    };
    let (said, tokens) = run(&[("HF_HUB_OFFLINE", "1")]);
    assert!(said.contains("HF_HUB_OFFLINE is set") && tokens.is_empty(), "{said}");
    let online = run(&[
        ("HF_HUB_OFFLINE", "1"),
        ("M2V_FAST_TEST_ONLINE", "1"),
        ("HF_HUB_CACHE", home.path().join("online").to_str().unwrap()),
    ]);
    assert!(online.0.contains("folder=") && online.1.len() == 4, "{online:?}");
    let (said, tokens) = run(&[("HF_TOKEN", "of the environment")]);
    assert!(said.contains(&format!("folder={}", home.path().join("hub").display())), "{said}");
    assert_eq!(tokens, vec!["Bearer of the environment"; 4]);
    // It is there now.
    let (said, _) = run(&[("HF_HUB_OFFLINE", "1")]);
    assert!(said.contains("folder="), "{said}");
    let other = home.path().join("other");
    let (said, tokens) = run(&[("HF_HUB_CACHE", other.to_str().unwrap())]);
    assert!(said.contains(&format!("folder={}", other.display())), "{said}");
    assert_eq!(tokens, vec!["Bearer of the file"; 4]);
    let third = home.path().join("third");
    let variables = [
        ("HUGGINGFACE_HUB_CACHE", third.to_str().unwrap()),
        ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"),
    ];
    let (said, tokens) = run(&variables);
    assert!(said.contains(&format!("folder={}", third.display())) && tokens.is_empty(), "{said}");
}
