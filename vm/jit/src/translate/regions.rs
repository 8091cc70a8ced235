//! Regions of memory. No two share a word: what was read of one is still known where another has been written.

use cranelift_codegen::ir::{AliasRegion, AliasRegionData, Function, MemFlagsData};

/// Defines the regions, in the order of their numbers, and what accesses to each are flagged with.
macro_rules! regions {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        #[allow(non_camel_case_types, reason = "the names of the functions below")]
        enum Number { $($name,)* }

        $(
            $(#[$doc])*
            pub(super) fn $name() -> MemFlagsData {
                let region = AliasRegion::from_u32(Number::$name as u32);
                MemFlagsData::trusted().with_alias_region(Some(region))
            }
        )*

        /// Tells a function of all regions.
        pub(crate) fn declare(function: &mut Function) {
            for name in [$(stringify!($name)),*] {
                let user_id = function.dfg.alias_regions.len() as u32;
                function.dfg.alias_regions.insert(AliasRegionData { user_id, description: name.into() });
            }
        }
    };
}

regions! {
    /// Frames, and globals.
    frame;
    /// All else that the machine keeps.
    own;
    /// Captured values in closures.
    capture;
    /// Cells.
    cell;
    /// The fixed parts of `any` tables.
    table;
    /// Payloads of elements of array parts.
    element;
    /// Tags of elements of array parts.
    element_tag;
    /// Keys in nodes of hash parts.
    node_key;
    /// Payloads of values in nodes.
    node_value;
    /// Both tags of nodes.
    node_tags;
    /// Linear memory; accesses were checked.
    linear;
}
