//! Sessions of the author's commands, on packages that need not compile: they have no dependencies.

#[path = "author/shop.rs"]
mod shop;

#[path = "author/amend.rs"]
mod amend;
#[path = "author/check/mod.rs"]
mod check;
#[path = "author/enums.rs"]
mod enums;
#[path = "author/explain.rs"]
mod explain;
#[path = "author/files.rs"]
mod files;
#[path = "author/init.rs"]
mod init;
#[path = "author/life.rs"]
mod life;
#[path = "author/mistakes.rs"]
mod mistakes;
#[path = "author/modules.rs"]
mod modules;
#[path = "author/workspaces.rs"]
mod workspaces;
