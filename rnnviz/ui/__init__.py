"""The dashboard. Streamlit appears only here."""
