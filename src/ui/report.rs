//! Rendering of a failure.
