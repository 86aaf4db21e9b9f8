"""The pages: Arabic at the root, English below /en, the same views for both."""
