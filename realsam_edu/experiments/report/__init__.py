"""Result tables, made from committed files."""
