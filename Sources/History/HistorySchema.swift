import GRDB

/// The tables. Migrations are named, and only ever added.
enum HistorySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("records and standing") { database in
            try database.execute(
                sql: """
                    CREATE TABLE records (
                        id INTEGER PRIMARY KEY, at REAL NOT NULL, sort TEXT NOT NULL, subject TEXT NOT NULL, server TEXT NOT NULL,
                        what TEXT NOT NULL, reason TEXT, sentence TEXT NOT NULL, duration REAL, sample REAL, key TEXT UNIQUE);
                    CREATE INDEX records_at ON records (at);
                    CREATE INDEX records_sort_at ON records (sort, at);
                    CREATE TABLE standing (key TEXT PRIMARY KEY, id TEXT NOT NULL, sort TEXT NOT NULL, at REAL NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
                    """)
        }
        return migrator
    }
}
