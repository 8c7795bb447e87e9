//! Servers on PostgreSQL: concurrent writers, lost servers and databases, failover to a standby, and TLS.

mod failover;
mod outages;
mod scale;
mod tls;
