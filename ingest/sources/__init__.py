"""Where files come from: GitHub, plain web addresses, local folders, object stores."""
