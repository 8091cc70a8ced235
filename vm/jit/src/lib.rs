//! The native tier.
