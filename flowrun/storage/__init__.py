"""One SQLite file: the connection, the writer, the migrations, the SQL."""
