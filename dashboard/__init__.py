"""The page that the boss opens: one HTML file, made from the published file alone, with no arithmetic of its own."""
