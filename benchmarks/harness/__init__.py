"""One study of one method on one task, and the rows that it leaves."""
