//! Render documents as Markdown (GitHub flavoured).
