"""The notary, its witnesses, and all the ways to lie to an auditor."""
