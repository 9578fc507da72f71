import GRDB

/// The database schema. New migrations are appended; a released one is never changed.
///
/// Results have no index by subject: with ten thousand targets, each row would dirty a different index page, which would cause most of the
/// disk writes. A subject's results are found through the index by time.
///
/// Times are milliseconds since 1970, durations are microseconds, bodies are the JSON of the complete value.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("first tables") { db in
            try db.execute(
                sql: """
                    CREATE TABLE subject (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, server TEXT NOT NULL, UNIQUE (identity, server));
                    CREATE TABLE result (
                        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, subject INTEGER NOT NULL, type INTEGER NOT NULL, reason TEXT,
                        sentence TEXT NOT NULL, duration INTEGER NOT NULL, sample REAL);
                    CREATE INDEX resultByTime ON result (at);
                    CREATE TABLE event (
                        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, sort TEXT NOT NULL, subject INTEGER NOT NULL, what TEXT NOT NULL,
                        reason TEXT, sentence TEXT NOT NULL);
                    CREATE INDEX eventBySubject ON event (subject, at);
                    CREATE INDEX eventByTime ON event (at);
                    CREATE TABLE attempt (
                        id TEXT PRIMARY KEY, at INTEGER NOT NULL, responder INTEGER NOT NULL, monitor INTEGER NOT NULL, what TEXT NOT NULL,
                        sentence TEXT NOT NULL, body TEXT NOT NULL);
                    CREATE INDEX attemptByTime ON attempt (at);
                    CREATE TABLE episode (id TEXT PRIMARY KEY, ended INTEGER, body TEXT NOT NULL);
                    CREATE INDEX episodeByEnd ON episode (ended);
                    CREATE TABLE decision (id TEXT PRIMARY KEY, item TEXT NOT NULL, ended INTEGER, body TEXT NOT NULL);
                    CREATE INDEX decisionByEnd ON decision (ended);
                    """)
        }
        migrator.registerMigration("ages of rows") { db in
            // The number of seconds the agent has run with this file, and the last row of each table at some of these times.
            try db.execute(
                sql: """
                    CREATE TABLE lived (seconds REAL NOT NULL);
                    INSERT INTO lived VALUES (0);
                    CREATE TABLE mark (
                        lived REAL PRIMARY KEY, result INTEGER NOT NULL, event INTEGER NOT NULL, attempt INTEGER NOT NULL,
                        episode INTEGER NOT NULL, decision INTEGER NOT NULL);
                    """)
        }
        return migrator
    }

    /// Sets the pragmas of a writable connection.
    static func prepare(_ db: Database, maximumBytes: Int) throws {
        // Effective only before the first table is created.
        try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        // Debian's SQLite enables this by default. Nothing here is secret, and pruning would write twice as much.
        try db.execute(sql: "PRAGMA secure_delete = OFF")
        let pages = min(1000, max(16, maximumBytes / 20 / 4096))
        try db.execute(sql: "PRAGMA wal_autocheckpoint = \(pages)")
        try db.execute(sql: "PRAGMA journal_size_limit = \(pages * 4096)")
    }
}
