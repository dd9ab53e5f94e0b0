//! A desktop entry as text: whether a session starts anything because of it, and how its values are written.

use std::path::Path;

/// Whether a session that finds `entry` in a folder for its start does start something.
pub(super) fn starts_something(entry: &str) -> bool {
    let says = |key, word| value(entry, key) == Some(word);
    // GNOME's word for what the specification calls hidden.
    let off = says("Hidden", "true") || says("X-GNOME-Autostart-enabled", "false");
    !off && value(entry, "Exec").is_some() && value(entry, "TryExec").is_none_or(|program| is_there(&read(program)))
}

/// The value of `key` in the group that every desktop entry begins with.
fn value<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    let mut group = entry.lines().skip_while(|line| line.trim() != "[Desktop Entry]").skip(1);
    let pairs = group.by_ref().take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// Whether `program` can be started: a path, or a name that is looked for.
fn is_there(program: &str) -> bool {
    if Path::new(program).is_absolute() {
        return Path::new(program).is_file();
    }
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// `text` as a value of a key.
pub(super) fn string(text: &str) -> String {
    text.replace('\\', r"\\")
}

/// What [`string`] has written.
fn read(value: &str) -> String {
    value.replace(r"\\", r"\")
}

/// `text` as one argument in the value of `Exec`, where `%` stands for something else.
pub(super) fn argument(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '\\' | '"' | '`' | '$' => quoted.extend(['\\', character]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    string(&quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_starts_its_program_unless_it_says_otherwise() {
        let on = "# of a package\n[Desktop Entry]\nExec=sh -c true\nTryExec=sh\n[Desktop Action new]\nHidden=true\n";
        assert!(starts_something(on));
        for (instead, of) in [
            ("Hidden = true\nExec", "Exec"),
            ("X-GNOME-Autostart-enabled=false\nExec", "Exec"),
            ("TryExec=/no/such/program", "TryExec=sh"),
            ("TryExec=no-such-program-anywhere", "TryExec=sh"),
            ("Comment", "Exec"),
            ("[Another Group]", "[Desktop Entry]"),
        ] {
            let off = on.replacen(of, instead, 1);
            assert!(!starts_something(&off), "{off}");
        }
        assert!(!starts_something(""), "as where it is a link to /dev/null");
    }

    #[test]
    fn an_argument_is_quoted_for_exec_and_for_the_file() {
        assert_eq!(argument(r#"/a b/"c"$`100%\"#), r#""/a b/\\"c\\"\\$\\`100%%\\\\""#);
        assert_eq!(read(&string(r"a\b\\c")), r"a\b\\c");
    }
}
