//! Runs the command in a folder of its own.
#![allow(dead_code, reason = "each test file uses a part of it")]

use cap_tempfile::TempDir;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A folder that is removed in the end.
pub(crate) struct Folder {
    dir: TempDir,
}

/// How a command ended.
pub(crate) struct Ended {
    line: String,
    output: Output,
}

impl Folder {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Folder { dir: cap_tempfile::tempdir(cap_tempfile::ambient_authority()).expect("there is room for tests") }
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        if let Some((folder, _)) = name.rsplit_once('/') {
            self.dir.create_dir_all(folder).expect("the folder is ours");
        }
        self.dir.write(name, bytes).expect("the folder is ours");
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> String {
        self.dir.read_to_string(name).expect("the command has written it")
    }

    /// Reads a file that is not text.
    pub(crate) fn read_bytes(&self, name: &str) -> Vec<u8> {
        self.dir.read(name).expect("the command has written it")
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.dir.symlink_metadata(name).is_ok()
    }

    /// Removes a file.
    pub(crate) fn remove(&self, name: &str) {
        self.dir.remove_file(name).expect("the folder is ours");
    }

    /// Makes a symbolic link.
    pub(crate) fn link(&self, to: &str, name: &str) {
        std::os::unix::fs::symlink(to, self.path().join(name)).expect("the folder is ours");
    }

    /// Runs `minivm` with these words; one that hangs is ended after so long, with a code of its own.
    pub(crate) fn run_within(&self, longest: Duration, line: &str) -> Ended {
        let mut command = Command::new("timeout");
        command.arg(longest.as_secs().to_string()).arg(env!("CARGO_BIN_EXE_minivm")).args(line.split_whitespace());
        let output = command.env("NO_COLOR", "1").current_dir(self.path()).output().expect("the command was built");
        Ended { line: line.to_owned(), output }
    }

    /// Runs `minivm` with these words.
    pub(crate) fn run(&self, line: &str) -> Ended {
        self.run_with(line, "")
    }

    /// Runs `minivm` with something on standard input.
    pub(crate) fn run_with(&self, line: &str, input: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_minivm"));
        command.args(line.split_whitespace()).env("NO_COLOR", "1").current_dir(self.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command was built");
        // A command that does not read is not an error of the test.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("the command ends");
        Ended { line: line.to_owned(), output }
    }

    /// Runs a script of the shell, in which `$M` is the command.
    pub(crate) fn shell(&self, script: &str) -> Ended {
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .env("M", env!("CARGO_BIN_EXE_minivm"))
            .env("NO_COLOR", "1")
            .current_dir(self.path());
        let output = command.stdin(Stdio::null()).output().expect("there is a shell");
        Ended { line: script.to_owned(), output }
    }

    /// The folder's place, by the link that the system has for an open folder.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        use std::os::fd::AsRawFd;
        let link = format!("/proc/self/fd/{}", self.dir.as_raw_fd());
        std::fs::read_link(link).expect("the folder is open")
    }
}

impl Ended {
    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Whether it ended well.
    pub(crate) fn has_succeeded(&self) -> bool {
        self.output.status.success()
    }

    /// It ended well; gives its output.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> String {
        assert_eq!(self.output.status.code(), Some(0), "{}: {}", self.line, self.stderr());
        self.stdout()
    }

    /// It ended well; gives what it printed, which is no text.
    #[track_caller]
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.succeeds();
        self.output.stdout.clone()
    }

    /// It ended well and printed exactly this.
    #[track_caller]
    pub(crate) fn prints(&self, expected: &str) {
        assert_eq!(self.succeeds(), expected, "{}", self.line);
    }

    /// It exited with this code and reported this; gives what it reported.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, part: &str) -> String {
        let text = self.stderr();
        assert_eq!(self.output.status.code(), Some(code), "{}: {text}", self.line);
        assert!(text.contains(part), "{}: {text}", self.line);
        text
    }

    /// It left with this code; gives what it printed.
    #[track_caller]
    pub(crate) fn fails_with_output(&self, code: i32) -> String {
        assert_eq!(self.output.status.code(), Some(code), "{}: {}", self.line, self.stderr());
        self.stdout()
    }

    /// It left with this code and printed exactly this.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32, expected: &str) {
        assert_eq!(self.output.status.code(), Some(code), "{}: {}", self.line, self.stderr());
        assert_eq!(self.stdout(), expected, "{}", self.line);
    }
}
