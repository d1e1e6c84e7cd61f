"""What is kept about people: who reads the audit trail, holds, erasure, exports, retention."""
