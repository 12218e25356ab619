"""AWS on this machine: ministack, with the parts of AWS that it leaves out and that NavSync stands on."""
