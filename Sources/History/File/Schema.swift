import GRDB

/// The tables. Migrations are only ever added, at the end; one that was shipped is never changed.
///
/// Results have no index by subject: each row would dirty a page of its own there, and with ten thousand targets most of the disk's work
/// would be that. A subject's results are found along the index of times.
///
/// Times are milliseconds since 1970, durations microseconds; a body is the JSON of the whole thing.
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
            // How many seconds the agent has run on this file, and which rows were the last at some of them.
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

    /// Settings of a connection.
    static func prepare(_ db: Database, maximumBytes: Int) throws {
        // Before the first table is made; afterwards it changes nothing.
        try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        // Debian's SQLite overwrites what is deleted; nothing here is secret, and each pruning would write twice as much.
        try db.execute(sql: "PRAGMA secure_delete = OFF")
        let pages = min(1000, max(16, maximumBytes / 20 / 4096))
        try db.execute(sql: "PRAGMA wal_autocheckpoint = \(pages)")
        try db.execute(sql: "PRAGMA journal_size_limit = \(pages * 4096)")
    }
}
