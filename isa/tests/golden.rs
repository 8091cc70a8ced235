//! Golden files: version 1 is read for ever. Each binary file stands beside its text; together they use everything that there is.
//!
//! A file is added with whatever is new, and never changed: the list of hashes says so.

use minivm_isa::binary::{self, Section};
use minivm_isa::features::{self, Feature, Features};
use minivm_isa::program::{
    Constant, Described, ElementType, FormPart, FunctionDef, Initial, InitialOp, Item, LayoutDef, Origin, PAGE_BITS,
    RegionKind, SegmentMode,
};
use minivm_isa::{Convention, INSTRUCTIONS, Program, Storage, Type, text, verify};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// All files with their hashes (FNV-1a of 64 bits).
const FILES: &[(&str, u64)] = &[
    ("v0/counter.mvm", 0xdf6cd8c01aa886c8),
    ("v0/sum.mvm", 0xc9b8aa10d1a6b768),
    ("v1/control.mvm", 0x83ed56802ac38acd),
    ("v1/control.mvt", 0xe28d1b0e5115e8e5),
    ("v1/control.out", 0xf13e6043145dcacd),
    ("v1/counter.mvm", 0xca0c7083b9ef3365),
    ("v1/counter.mvt", 0x21b53ac55514d1d0),
    ("v1/dynamic.mvm", 0x6f6d878ae86472fe),
    ("v1/dynamic.mvt", 0x3c386f4312fb482b),
    ("v1/dynamic.out", 0x19fa73f60fa66fc8),
    ("v1/exact.mvm", 0xab23ab5e119b6186),
    ("v1/exact.mvt", 0x1a3460c08e2e63ff),
    ("v1/exact.out", 0x9c38bc95be5992da),
    ("v1/items.mvm", 0x91b4f1ebe436ed56),
    ("v1/items.mvt", 0xf16779a42f26f8a5),
    ("v1/memory.mvm", 0xd8a3f07ed8265b5e),
    ("v1/memory.mvt", 0xcaa49365ae942ae7),
    ("v1/memory.out", 0xe15deb5d518866b7),
    ("v1/numbers.mvm", 0xa3ea43d9b012bd16),
    ("v1/numbers.mvt", 0xe633959e5cd3fb46),
    ("v1/numbers.out", 0xc79a0acea2b7f9b9),
    ("v1/objects.mvm", 0xaed299eae1c37d1a),
    ("v1/objects.mvt", 0x585b4256798222e3),
    ("v1/objects.out", 0xec28cc094e4ddc7b),
    ("v1/sum.mvm", 0xed400a9c8d0ed9a6),
    ("v1/sum.mvt", 0x7bd8b0172c4331a8),
    ("v1/sum.out", 0x08175e07b4d460d7),
    ("v1/vectors.mvm", 0x3b05e788c28245b3),
    ("v1/vectors.mvt", 0x114b60bd87f8d929),
    ("v1/vectors.out", 0x4f545f818440ec52),
];

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the binary files of a version, without their endings.
fn names(version: &'static str) -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(move |(name, _)| name.strip_prefix(version)?.strip_suffix(".mvm"))
}

/// The binary files of version 1 as programs.
fn programs() -> Vec<(&'static str, Program)> {
    let decoded =
        |name| binary::decode(&bytes(&format!("v1/{name}.mvm"))).unwrap_or_else(|error| panic!("{name}: {error}"));
    names("v1/").map(|name| (name, decoded(name))).collect()
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The statements of a text, without what the printer adds for readers.
fn statements(text: &str) -> Vec<&str> {
    let shown = text.lines().map(|line| match line.starts_with("block") {
        true => line.split(';').next().unwrap_or_default().trim_end(),
        false => line,
    });
    shown.filter(|line| !line.is_empty()).collect()
}

/// With `MINIVM_BLESS`, a text of version 1 that has no binary file beside it gets one; those that there are stay as they are.
fn write_missing_files() {
    for entry in std::fs::read_dir(path("v1")).unwrap() {
        let text_file = entry.unwrap().path();
        let binary_file = text_file.with_extension("mvm");
        if text_file.extension().is_some_and(|ending| ending == "mvt") && !binary_file.exists() {
            let written = std::fs::read_to_string(&text_file).unwrap();
            let program = text::parse(&written).unwrap_or_else(|errors| panic!("{text_file:?}: {}", errors[0]));
            std::fs::write(binary_file, binary::encode(&program)).unwrap();
        }
    }
}

/// The lines of [`FILES`] as they have to be.
fn lines() -> String {
    let mut lines = String::new();
    for version in ["v0", "v1"] {
        let mut names: Vec<String> = std::fs::read_dir(path(version))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        for name in names.iter().map(|name| format!("{version}/{name}")) {
            let hash = hash(&bytes(&name));
            lines.push_str(&format!("    (\"{name}\", {hash:#018x}),\n"));
        }
    }
    lines
}

#[test]
fn no_golden_file_is_changed_or_left_out() {
    if std::env::var_os("MINIVM_BLESS").is_some() {
        write_missing_files();
    }
    for &(name, expected) in FILES {
        let found = hash(&bytes(name));
        assert_eq!(found, expected, "{name} has been changed: its hash is {found:#018x}. Add a file in its place");
    }
    let listed: String = FILES.iter().map(|(name, hash)| format!("    (\"{name}\", {hash:#018x}),\n")).collect();
    assert!(lines() == listed, "the list of files is not complete; it must be\n{}", lines());
    let total: usize = FILES.iter().map(|(name, _)| bytes(name).len()).sum();
    assert!(total < 200_000, "{total} bytes of golden files");
}

#[test]
fn files_of_version_1_are_read_verified_printed_and_written() {
    for (name, program) in programs() {
        let rejections = verify::check(&program);
        assert!(rejections.is_empty(), "{name}: {}", rejections[0]);
        let file = bytes(&format!("v1/{name}.mvm"));
        assert!(binary::encode(&program) == file, "{name} is written with other bytes");
        let written = String::from_utf8(bytes(&format!("v1/{name}.mvt"))).unwrap();
        assert_eq!(statements(&program.to_string()), statements(&written), "{name}");
        let parsed = text::parse(&written).unwrap_or_else(|errors| panic!("{name}: {}", errors[0]));
        assert!(parsed == program, "the text of {name} is another program");
    }
}

#[test]
fn files_of_version_0_are_the_same_programs() {
    assert!(names("v0/").count() > 1);
    for name in names("v0/") {
        let old = bytes(&format!("v0/{name}.mvm"));
        assert_eq!(binary::version_of(&old), Some(0));
        let program = binary::decode(&old).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(binary::encode(&program) == bytes(&format!("v1/{name}.mvm")), "{name} becomes another program");
    }
}

#[test]
fn damaged_golden_files_are_errors_or_programs() {
    let (mut errors, mut good) = (0, 0);
    for name in FILES.iter().map(|(name, _)| *name).filter(|name| name.ends_with(".mvm")) {
        let whole = bytes(name);
        let step = 1 + whole.len() / 200;
        for at in (0..whole.len()).step_by(step) {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= change;
                match binary::decode(&damaged) {
                    Ok(program) => {
                        good += 1;
                        verify::check(&program);
                    }
                    Err(error) => {
                        errors += 1;
                        assert!(error.offset <= damaged.len(), "{name}: {error}");
                    }
                }
            }
            if let Ok(program) = binary::decode(&whole[..at]) {
                verify::check(&program);
            }
        }
    }
    assert!(errors > 1000 && good > 50, "{errors} errors, {good} programs");
}

/// The name of a variant, as `Debug` writes it.
fn variant(value: &impl std::fmt::Debug) -> String {
    let shown = format!("{value:?}");
    shown.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// What programs use.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl Used {
    fn note(&mut self, what: &str, value: &impl std::fmt::Debug) {
        self.0.insert(format!("{what} {}", variant(value)));
    }

    fn initial(&mut self, initial: &Initial) {
        self.note("initial", initial);
        match initial {
            Initial::Constant(constant) => self.note("constant", constant),
            Initial::Arithmetic(op, lhs, rhs) => {
                self.note("operation", op);
                [lhs, rhs].iter().for_each(|part| self.initial(part));
            }
            Initial::Record(_, parts) | Initial::Array(_, parts) => parts.iter().for_each(|part| self.initial(part)),
            Initial::ArrayOf(_, parts) => parts.iter().for_each(|part| self.initial(part)),
            Initial::Integer31(part) | Initial::NotNull(part) => self.initial(part),
            Initial::Null | Initial::Function(_) | Initial::Global(_) => {}
        }
    }

    fn origin<T>(&mut self, origin: &Origin<T>, own: impl FnOnce(&mut Self, &T)) {
        match origin {
            Origin::Import(import) => self.note("origin", import),
            Origin::Own(value) => {
                self.0.insert("origin Own".into());
                own(self, value);
            }
        }
    }

    fn mode<T: std::fmt::Debug>(&mut self, mode: &SegmentMode<T>) {
        self.note("mode", mode);
        if let SegmentMode::Active(_, offset) = mode {
            self.initial(offset);
        }
    }

    fn items(&mut self, program: &Program) {
        for signature in program.signatures.values() {
            self.note("convention", &signature.convention);
            signature.params.iter().chain(&signature.results).for_each(|ty| self.note("type", ty));
        }
        for layout in program.layouts.values() {
            self.note("layout", layout);
            for storage in layout.storages() {
                self.note("storage", storage);
                if let Storage::Whole(ty) = storage {
                    self.note("type", ty);
                }
            }
        }
        for ty in program.types.values() {
            self.note("described", &ty.describes);
            ty.form.iter().for_each(|part| self.note("form", part));
        }
        for global in program.globals.values() {
            self.note("element", &global.holds);
            self.origin(&global.origin, Used::initial);
        }
        for table in program.tables.values() {
            self.note("element", &table.element);
            self.origin(&table.origin, Used::initial);
        }
        program.memories.values().for_each(|memory| self.origin(&memory.origin, |_, ()| {}));
        program.data.values().for_each(|data| self.mode(&data.mode));
        for element in program.elements.values() {
            self.mode(&element.mode);
            self.note("element", &element.element);
            element.values.iter().for_each(|value| self.initial(value));
        }
        program.exports.iter().for_each(|export| self.note("item", &export.item));
    }

    fn functions(&mut self, program: &Program) {
        for function in program.functions.values() {
            self.note("function", function);
            let FunctionDef::Code(code) = function else { continue };
            code.captures.iter().chain(code.registers.values()).for_each(|ty| self.note("type", ty));
            code.constants.values().for_each(|constant| self.note("constant", constant));
            code.regions.iter().for_each(|region| self.note("region", &region.kind));
            self.0.extend(code.code.iter().map(|instruction| format!("row {}", instruction.info().name)));
        }
    }
}

/// Everything that version 1 has, and that `Used` notes.
fn all() -> BTreeSet<String> {
    let mut all: BTreeSet<String> = INSTRUCTIONS.iter().map(|info| format!("row {}", info.name)).collect();
    let mut list = |what: &str, names: &str| all.extend(names.split(' ').map(|name| format!("{what} {name}")));
    list("convention", "Typed Dynamic Variadic");
    list("type", "Any I32 I64 F32 F64 V128 Cell Ref");
    list("layout", "Record Exception Array");
    list("storage", "I8 I16 Whole");
    list("described", "Nothing Signature Layout");
    list("form", "Number Type");
    list("element", "Function Any Declared Tag");
    list("origin", "Import Own");
    list("mode", "Passive Active Declared");
    list("item", "Function Global Memory Table");
    list("function", "Import Code");
    list("region", "Catch Cleanup Exception");
    list("initial", "Constant Null Function Global Arithmetic Record Array ArrayOf Integer31 NotNull");
    list("operation", "Add Sub Mul");
    list("constant", "Nil False True Integer Float String I32 I64 F32 F64 V128");
    all
}

/// What the list above is made from: the compiler says here when there is more.
#[allow(dead_code, reason = "it is compiled, not called")]
fn is_complete(
    (ty, storage, constant, initial): (Type, Storage, Constant, Initial),
    (convention, layout, form, described): (Convention, LayoutDef, FormPart, Described),
    (element, item, region, operation): (ElementType, Item, RegionKind, InitialOp),
) {
    match ty {
        Type::Any | Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 | Type::Cell | Type::Ref(_) => {}
    }
    match storage {
        Storage::I8 | Storage::I16 | Storage::Whole(_) => {}
    }
    match constant {
        Constant::Nil | Constant::False | Constant::True | Constant::Integer(_) | Constant::Float(_) => {}
        Constant::String(_) | Constant::I32(_) | Constant::I64(_) | Constant::F32(_) | Constant::F64(_) => {}
        Constant::V128(_) => {}
    }
    match initial {
        Initial::Constant(_) | Initial::Null | Initial::Function(_) | Initial::Global(_) | Initial::Arithmetic(..) => {}
        Initial::Record(..) | Initial::Array(..) | Initial::ArrayOf(..) => {}
        Initial::Integer31(_) | Initial::NotNull(_) => {}
    }
    match convention {
        Convention::Typed | Convention::Dynamic | Convention::Variadic => {}
    }
    match region {
        RegionKind::Catch | RegionKind::Cleanup | RegionKind::Exception => {}
    }
    match operation {
        InitialOp::Add | InitialOp::Sub | InitialOp::Mul => {}
    }
    match layout {
        LayoutDef::Record(_) | LayoutDef::Exception(_) | LayoutDef::Array(_) => {}
    }
    match (form, described) {
        (FormPart::Number(_) | FormPart::Type(_), Described::Nothing) => {}
        (_, Described::Signature(_) | Described::Layout(_)) => {}
    }
    match element {
        ElementType::Function | ElementType::Any | ElementType::Declared { .. } | ElementType::Tag(_) => {}
    }
    match item {
        Item::Function(_) | Item::Global(_) | Item::Memory(_) | Item::Table(_) => {}
    }
}

#[test]
fn golden_files_use_everything() {
    let mut used = Used::default();
    let mut sections = BTreeSet::new();
    let mut needed = Features::NONE;
    for (name, program) in programs() {
        used.items(&program);
        used.functions(&program);
        needed = needed.union(features::of_program(&program));
        sections.extend(sections_of(&bytes(&format!("v1/{name}.mvm"))));
    }
    let missing: Vec<String> = all().difference(&used.0).cloned().collect();
    assert!(missing.is_empty(), "no golden file has {missing:?}: add one");
    let unknown: Vec<String> = used.0.difference(&all()).cloned().collect();
    assert!(unknown.is_empty(), "the list lacks {unknown:?}");
    assert_eq!(needed, Features::known(), "features of golden files");
    let expected: BTreeSet<u8> = Section::ALL.iter().map(|&section| section as u8).collect();
    assert_eq!(sections, expected, "sections of golden files");
}

/// The numbers of the sections of a file.
fn sections_of(file: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: usize = 16;
    let (mut rest, mut numbers) = (&file[HEADER_BYTES..], Vec::new());
    while let Some((&number, contents)) = rest.split_first() {
        let length_bytes = 1 + contents.iter().take_while(|&&byte| byte & 0x80 != 0).count();
        let bits = contents[..length_bytes].iter().rev();
        let length = bits.fold(0, |length, &byte| length << 7 | usize::from(byte & 0x7f));
        numbers.push(number);
        rest = &contents[length_bytes + length..];
    }
    numbers
}

/// Memories and tables, which have flags in place of variants.
#[test]
fn golden_files_use_every_kind_of_memory_and_table() {
    let programs = programs();
    let memories = || programs.iter().flat_map(|(_, program)| program.memories.values());
    let tables = || programs.iter().flat_map(|(_, program)| program.tables.values());
    for is_64 in [false, true] {
        assert!(memories().any(|memory| memory.is_64 == is_64 && memory.is_shared));
        assert!(memories().any(|memory| memory.is_64 == is_64 && !memory.is_shared));
        assert!(tables().any(|table| table.is_64 == is_64));
    }
    assert!(memories().any(|memory| memory.page_bits != PAGE_BITS && memory.maximum.is_some()));
    assert!(memories().any(|memory| memory.maximum.is_none()));
    assert!(Feature::ALL.iter().all(|feature| !feature.doc().is_empty()));
}
